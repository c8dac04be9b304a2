"""Tests of the verification that Prometheus evaluates the declared rules."""

import pytest

from logops.clients.prometheus import LoadedRule
from logops.rollout.verifications.storage import declared_rules, rule_trouble

DECLARED = {("logops", "check-overdue")}
WELL = LoadedRule("logops", "check-overdue", "", "ok", "")


def test_evaluated_rules_are_no_trouble() -> None:
    assert rule_trouble(DECLARED, [WELL]) == ""


@pytest.mark.parametrize(
    ("loaded", "trouble"),
    [
        ([], "Prometheus has not loaded check-overdue"),
        ([WELL, LoadedRule("mine", "by-hand", "", "ok", "")], "Prometheus has other rules: by-hand"),
        ([LoadedRule("logops", "check-overdue", "", "err", "many-to-many")], "check-overdue failed: many-to-many"),
        ([LoadedRule("logops", "check-overdue", "", "unknown", "")], "Prometheus has not evaluated check-overdue"),
    ],
)
def test_rule_that_is_missing_foreign_failed_or_waiting_is_named(loaded: list[LoadedRule], trouble: str) -> None:
    assert rule_trouble(DECLARED, loaded) == trouble


def test_declared_rules_are_those_of_prometheus_files_only() -> None:
    text = "groups: [{name: logops, rules: [{alert: check-overdue}, {record: 'a:b:c'}]}]"
    files = {"storage/prometheus/rules/logops.yaml": text, "storage/main.yaml": "account: a"}

    assert declared_rules(files) == {("logops", "check-overdue"), ("logops", "a:b:c")}
