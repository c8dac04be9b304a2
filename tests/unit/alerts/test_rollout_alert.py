"""The alert that a rollout runs."""

from datetime import UTC, datetime, timedelta

from logops.alerts.last_delivery import INTERVAL
from logops.alerts.rollout_alert import rollout_alert
from logops.alerts.rollouts import MutingRollout
from logops.findings.causes import ROLLOUT_MAY_CAUSE
from tests.support.environments import PROMETHEUS_RULES

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_rollout_alert_without_a_rollout_does_not_exist() -> None:
    assert rollout_alert("local", [], NOON) == {}


def test_rollout_alert_ends_with_the_mute_of_a_rollout_that_has_ended() -> None:
    [alert] = rollout_alert("local", [MutingRollout(NOON - MINUTE, NOON + MINUTE)], NOON).values()

    assert (alert.starts_at, alert.ends_at) == (NOON - MINUTE, NOON + MINUTE)
    assert alert.annotations["summary"] == (
        "A rollout began at 11:59 UTC. Alerts of Prometheus that it may cause tell nobody until 12:01 UTC."
    )


def test_rollout_alert_of_a_running_rollout_stands_until_the_next_delivery_but_one() -> None:
    [alert] = rollout_alert("local", [MutingRollout(NOON - MINUTE, NOON + MINUTE, is_running=True)], NOON).values()

    assert alert.ends_at == NOON + 2 * INTERVAL


def test_rollout_alert_of_two_rollouts_is_one_from_the_first_to_the_last() -> None:
    both = [MutingRollout(NOON - MINUTE, NOON + MINUTE), MutingRollout(NOON - 2 * MINUTE, NOON + 5 * MINUTE)]

    [alert] = rollout_alert("local", both, NOON).values()

    assert (alert.starts_at, alert.ends_at) == (NOON - 2 * MINUTE, NOON + 5 * MINUTE)


def test_rule_that_a_rollout_may_cause_waits_until_a_delivery_has_told_of_the_rollout() -> None:
    waits = {
        rule.alert: rule.for_.timedelta
        for file in PROMETHEUS_RULES.values()
        for group in file.groups
        for rule in group.rules
        if getattr(rule, "alert", None) in ROLLOUT_MAY_CAUSE
    }

    assert waits
    assert {name for name, wait in waits.items() if wait < INTERVAL} == set()
