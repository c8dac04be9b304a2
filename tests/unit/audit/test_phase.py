from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.audit.policy.phase import Phase, Table, next_of
from logops.audit.policy.retention import FOR_EVER, StreamRule, TenantRules, Tiering, Windows
from logops.clients.blob_storage.blobs import Tier

DAY = 86_400_000
TIMES = Windows(
    grace_ms=DAY // 48,
    cycle_ms=DAY // 24,
    delay_ms=DAY // 12,
    slack_ms=DAY // 4,
    tier_slack_ms=0,
    max_chunk_age_ms=DAY // 12,
)
RULES = TenantRules(90 * DAY)
COOL = Tiering(30 * DAY, Tier.COOL)
TABLE = Table(day=1_000, waiting_since_ms=None, indexed=9, tiered=False, written_ms=1_001 * DAY)


def after(days: float) -> int:
    """Return the time this many days after the table's day ended, in ms."""
    return int((TABLE.day + 1 + days) * DAY)


def phase(days: float, table: Table = TABLE, rules: TenantRules = RULES, tiering: Tiering | None = COOL) -> Phase:
    return next_of(table, rules, tiering, TIMES, after(days)).phase


def test_table_passes_through_all_phases_in_order() -> None:
    assert phase(0.05) is Phase.INGESTING
    assert phase(1, replace(TABLE, waiting_since_ms=after(0.2))) is Phase.UNCOMPACTED
    assert phase(1) is Phase.COMPACTED
    assert phase(40, replace(TABLE, tiered=True)) is Phase.RETAINED
    assert phase(89.5) is Phase.EXPIRING
    assert phase(90.1) is Phase.EXPIRED


def test_next_action_is_returned_with_due_time() -> None:
    assert next_of(TABLE, RULES, COOL, TIMES, after(1)).action == "its chunks move to tier Cool"
    assert next_of(TABLE, RULES, COOL, TIMES, after(1)).due_ms == TABLE.written_ms + 30 * DAY
    retained = next_of(replace(TABLE, tiered=True), RULES, COOL, TIMES, after(1))
    assert (retained.action, retained.due_ms) == ("its first chunks expire", after(89))


def test_table_kept_forever_stays_retained() -> None:
    kept = next_of(replace(TABLE, tiered=True), TenantRules(FOR_EVER), None, TIMES, after(5_000))

    assert (kept.phase, kept.action, kept.due_ms) == (Phase.RETAINED, "nothing: kept for ever", None)


def test_table_is_expiring_between_shortest_and_longest_retention_rule() -> None:
    rules = TenantRules(90 * DAY, (StreamRule('{a="b"}', 7 * DAY),))

    assert phase(6.5, rules=rules) is Phase.EXPIRING
    assert phase(89, rules=rules) is Phase.EXPIRING
    assert phase(91, rules=rules) is Phase.EXPIRED


def test_table_without_index_entries_is_expired() -> None:
    assert phase(10, replace(TABLE, indexed=0)) is Phase.EXPIRED


@pytest.mark.parametrize("tiering", [None, Tiering(30 * DAY, None), Tiering(400 * DAY, Tier.COOL)])
def test_table_without_tier_change_before_expiry_is_retained_at_once(tiering: Tiering | None) -> None:
    assert phase(1, tiering=tiering) is Phase.RETAINED


@given(st.floats(0, 500), st.floats(0, 500))
def test_phase_never_goes_back_as_table_ages(one: float, other: float) -> None:
    order = [*Phase]

    assert order.index(phase(min(one, other))) <= order.index(phase(max(one, other)))
