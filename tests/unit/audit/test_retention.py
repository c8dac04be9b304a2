from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.audit.policy.retention import (
    FOR_EVER,
    StreamRule,
    TenantRules,
    Windows,
    declared_rules,
    expired,
    rules_of_limits,
    windows,
)
from logops.audit.policy.selector import matches
from tests.support.environments import environment

DAY = 86_400_000
MINUTE = 60_000
LABELS = ("app", "level")
periods = st.integers(0, 400).map(lambda days: days * DAY)
streams = st.fixed_dictionaries({}, optional={name: st.sampled_from(["a", "b", "error"]) for name in LABELS})
selectors = st.sampled_from(
    ['{app="a"}', '{level="error"}', '{app=~"a|b",level="error"}', '{app!="a",level="b"}', '{level=~"e.+"}']
)
rules = st.builds(
    TenantRules,
    periods,
    st.lists(st.builds(StreamRule, selectors, periods, st.integers(0, 3)), max_size=4).map(tuple),
)


def as_loki_says_it(wanted: TenantRules, labels: Mapping[str, str]) -> int:
    """Return the period of a stream, in the same steps as Loki 3.7.

    Source: `RetentionPeriodFor` in pkg/compactor/retention/expiration.go.
    """
    found: StreamRule | None = None
    for rule in wanted.streams:
        if not all(matches(matcher, labels.get(matcher.name, "")) for matcher in rule.matchers):
            continue
        if found is None:
            found = rule
        elif found.priority > rule.priority:
            continue
        elif found.priority < rule.priority or found.period_ms > rule.period_ms:
            found = rule
    return found.period_ms if found else wanted.period_ms


class Streams:
    """An index of the given series."""

    def __init__(self, series: Sequence[Mapping[str, str]]) -> None:
        self._series = series
        self.series = len(series)

    def label_values(self, name: str) -> "pa.DictionaryArray[Any]":
        return pa.array([one.get(name) for one in self._series], pa.string()).dictionary_encode()


@given(rules, streams)
def test_stream_retention_period_matches_loki(wanted: TenantRules, labels: Mapping[str, str]) -> None:
    assert wanted.periods(Streams([labels])).tolist() == [as_loki_says_it(wanted, labels)]


@given(rules, st.lists(streams, max_size=12))
def test_index_retention_periods_equal_periods_of_its_streams(
    wanted: TenantRules, series: Sequence[Mapping[str, str]]
) -> None:
    assert wanted.periods(Streams(series)).tolist() == [as_loki_says_it(wanted, labels) for labels in series]


@given(rules, streams)
def test_stream_retention_period_is_between_shortest_and_longest(
    wanted: TenantRules, labels: Mapping[str, str]
) -> None:
    (period,) = wanted.periods(Streams([labels])).tolist()

    assert period == FOR_EVER or period >= wanted.shortest
    assert wanted.longest == FOR_EVER or FOR_EVER < period <= wanted.longest


@given(st.integers(0, 2**42), periods, st.integers(0, 2**42))
def test_chunk_stays_expired_after_its_period_unless_kept_forever(through: int, period: int, later: int) -> None:
    now = through + period
    assert not expired(through, period, now)
    assert expired(through, period, now + 1 + later) == (period != FOR_EVER)


@given(st.integers(0, 2**42), periods.filter(bool), st.integers(0, 2**42))
def test_deletion_due_time_is_after_expiry_and_write_time(through: int, period: int, written: int) -> None:
    times = Windows(0, 1, 1, 1, 0, 0)

    assert expired(through, period, times.index_due(through, period, written))
    assert times.index_due(through, period, written) > written


@pytest.mark.parametrize(
    ("compaction", "apply", "cycle"),
    [
        # If unset, retention runs half an interval after a compaction, at most ten minutes (pkg/compactor/config.go).
        ("10m", None, 2 * 15 + 10),
        ("1h", None, 2 * 70 + 60),
        ("10m", "10m", 2 * 15 + 10),
        ("10m", "30m", 2 * 30 + 10),
    ],
)
def test_retention_cycle_is_two_retention_runs_and_one_compaction(
    compaction: str, apply: str | None, cycle: int
) -> None:
    wanted = environment(
        "production",
        ("clusters.main.compactor.compaction_interval", compaction),
        ("clusters.main.compactor.retention_delete_delay", "2h"),
        *((("clusters.main.compactor.apply_retention_interval", apply),) if apply else ()),
    )
    times = windows(wanted.clusters["main"], wanted.audit)

    assert times.cycle_ms == cycle * MINUTE
    # The sweeper runs once a minute and may have just run.
    assert times.delay_ms == 122 * MINUTE


def test_live_limits_are_parsed_into_tenant_rules() -> None:
    live = {
        "retention_period": "90d",
        "retention_stream": [{"selector": '{level="error"}', "period": "1y2w", "priority": 7}],
    }

    assert rules_of_limits(live) == TenantRules(90 * DAY, (StreamRule('{level="error"}', (365 + 14) * DAY, 7),))
    assert rules_of_limits({"retention_period": "0s"}).period_ms == FOR_EVER


@pytest.mark.parametrize("live", [{}, {"retention_period": "soon"}, {"retention_period": "1d", "retention_stream": 7}])
def test_live_limits_without_valid_retention_are_refused(live: Mapping[str, object]) -> None:
    with pytest.raises(ValueError, match=r"soon|None|expected a list"):
        rules_of_limits(live)


def test_declared_rules_are_read_from_environment() -> None:
    declared = declared_rules(environment("production").clusters["main"])

    assert declared["application"].period_ms == 90 * DAY
