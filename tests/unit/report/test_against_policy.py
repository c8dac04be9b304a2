"""A tenant against what is declared for it, in words and bars."""

import pytest

from logops.audit.policy.retention import Tiering
from logops.audit.survey.objects import DAY_MS
from logops.clients.blob_storage.blobs import Tier
from logops.report.against_policy import Declared, Ingested, PolicyRow, declared, ingested, policy_row
from tests.support.environments import environment
from tests.unit.usage.test_usage import AS_OF, holding

MB = 1 << 20
POLICY = Declared(90 * DAY_MS, Tiering(30 * DAY_MS, Tier.COOL), 3 * DAY_MS, 8.0, 1_000)


def row(*holdings: object, policy: Declared = POLICY, arriving: Ingested | None = None) -> PolicyRow:
    return policy_row("main / team", policy, holdings, arriving, AS_OF)  # type: ignore[arg-type]


def test_oldest_line_is_shown_against_the_declared_retention() -> None:
    kept = row(holding(1, hot=1), holding(44, cool=1)).kept

    assert (kept.text, kept.share) == ("oldest line 44 days old; kept for 90 days", pytest.approx(0.5, abs=0.02))


def test_retention_for_ever_has_no_bar() -> None:
    kept = row(holding(44, cool=1), policy=Declared(0, POLICY.tiering, 0, None, None)).kept

    assert (kept.text, kept.share) == ("oldest line 44 days old; kept for ever", None)


def test_bytes_in_another_tier_than_declared_lower_the_share() -> None:
    tiers = row(holding(5, hot=2), holding(60, cool=1), holding(61, hot=1)).tiers

    assert (tiers.text, tiers.share) == ("75.0% in the declared tier; Hot for 30 days, then Cool", 0.75)


@pytest.mark.parametrize("tier", ["hot", "cool"])
def test_both_tiers_are_right_while_a_lifecycle_rule_may_still_run(tier: str) -> None:
    assert row(holding(32, **{tier: 1})).tiers.share == 1.0


def test_rate_and_streams_are_shown_against_their_limits() -> None:
    arriving = row(arriving=Ingested(2 * MB, 1_100))

    assert (arriving.rate.text, arriving.rate.share) == ("2 of 8 MB/s, 25%", 0.25)
    assert (arriving.streams.text, arriving.streams.share) == ("1,100 of 1,000, 110%", 1.1)
    assert arriving.near == "streams 110%"


def test_very_small_rate_is_shown_without_an_exponent() -> None:
    assert row(arriving=Ingested(MB // 1_000_000, 1)).rate.text == "< 0.0001 of 8 MB/s, 0%"


def test_limit_that_is_not_declared_is_lokis_default() -> None:
    arriving = row(policy=Declared(0, POLICY.tiering, 0, None, None), arriving=Ingested(MB, 50))

    assert (arriving.rate.text, arriving.streams.text) == ("1 of 4 MB/s (default), 25%", "50 of 5,000 (default), 1%")


def test_tenant_that_no_quality_run_saw_has_an_unknown_rate() -> None:
    assert (row().rate.text, row().rate.share) == ("not known, of 8 MB/s", None)


def test_sources_of_a_tenant_are_added() -> None:
    source = {"cluster": "main", "tenant": "team", "bytes": 60 * MB, "streams": 7, "window_s": 30}
    unread = {**source, "bytes": None, "streams": None}

    assert ingested([source, source, unread]) == {("main", "team"): Ingested(4.0 * MB, 14)}


def test_limit_of_a_tenant_goes_before_that_of_its_cluster() -> None:
    changed = environment(
        "local",
        ("clusters.main.limits.ingestion_rate_mb", 6),
        ("clusters.main.limits.max_global_streams_per_user", 700),
        ("clusters.main.tenants.application.limits.ingestion_rate_mb", 9),
    )

    policy = declared(changed)["main", "application"]

    assert (policy.rate_mb, policy.streams) == (9, 700)
