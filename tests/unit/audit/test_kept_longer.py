"""How much longer than its retention a line may be kept, and can be kept."""

import pytest

from logops.audit.policy.kept_longer import allowed_ms, late_lines, possible_ms
from logops.environment import Environment
from tests.support.environments import environment

HOUR = 3_600_000
DAY = 24 * HOUR
INGESTER = "clusters.main.ingester"
LIMITS = "clusters.main.limits"


def allowed(declared: Environment) -> int:
    return allowed_ms(declared.clusters["main"], declared.audit)


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ([], 24),
        ([(f"{INGESTER}.sync_period", "1h")], 2.5),
        ([(f"{INGESTER}.max_chunk_age", "48h")], 48.5),
        # No line that is older arrives.
        ([(f"{LIMITS}.reject_old_samples_max_age", "1h")], 3.5),
        ([("audit.kept_longer", "5d")], 120),
    ],
)
def test_allowed_time_follows_from_the_ingesters_settings_unless_it_is_declared(
    changes: list[tuple[str, str]], hours: float
) -> None:
    assert allowed(environment("production", ("audit.kept_longer", None), *changes)) == hours * HOUR


@pytest.mark.parametrize(
    ("changes", "longest"),
    [
        ([], 7 * DAY + 2.5 * HOUR),
        (
            [(f"{LIMITS}.reject_old_samples", None), (f"{LIMITS}.reject_old_samples_max_age", None)],
            7 * DAY + 2.5 * HOUR,
        ),
        ([(f"{LIMITS}.reject_old_samples", False)], None),
        ([("clusters.main.tenants.application.limits.reject_old_samples_max_age", "2d")], 2 * DAY + 2.5 * HOUR),
    ],
)
def test_late_line_can_be_kept_longer_by_its_age_and_the_time_that_a_chunk_is_open(
    changes: list[tuple[str, object]], longest: float | None
) -> None:
    cluster = environment("production", *changes).clusters["main"]

    assert possible_ms(cluster, cluster.tenants["application"]) == longest


def test_check_names_tenants_and_limit_of_late_lines() -> None:
    main, security = late_lines(environment("production", (f"{LIMITS}.reject_old_samples", False)))

    assert main == (
        "main: a line that arrives late can be kept any time longer than its retention, with the newer lines of its "
        "chunk (reject_old_samples: application, canary, platform). The retention audit reports more than 24 h "
        "(audit.kept_longer)."
    )
    assert "can be kept up to 7 days longer" in security
    assert "(reject_old_samples_max_age: security-team)" in security


def test_check_says_nothing_of_late_lines_if_none_is_accepted() -> None:
    declared = environment(
        "production",
        (f"{LIMITS}.reject_old_samples_max_age", "1h"),
        ("clusters.security.limits.reject_old_samples_max_age", "1h"),
    )

    assert [*late_lines(declared)] == []
