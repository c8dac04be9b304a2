"""The limit that refused a line."""

import pytest

from logops.quality.limits import limits_text
from tests.support.environments import environment


@pytest.mark.parametrize(
    ("tenant", "reason", "text"),
    [
        ("canary", "rate_limited", "ingestion_rate_mb is 1, ingestion_burst_size_mb is 2"),
        ("application", "stream_limit", "max_global_streams_per_user is 10000"),
        ("application", "too_far_in_future", "creation_grace_period is Loki's default"),
        ("unknown", "greater_than_max_sample_age", "reject_old_samples_max_age is 130d"),
        ("application", "too_far_behind", "half of ingester.max_chunk_age 2h behind the newest line of its stream"),
        ("application", "invalid_labels", ""),
    ],
)
def test_limit_of_a_reason_has_the_value_that_counts_for_the_tenant(tenant: str, reason: str, text: str) -> None:
    assert limits_text(reason, environment("local").clusters["main"], tenant) == text
