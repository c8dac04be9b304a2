"""Tests of the rules for Prometheus: every alert is a finding class and is tested."""

from pathlib import Path

import pytest

from logops.rules.prometheus import (
    FOLDER,
    load_prometheus_rules,
    load_prometheus_tests,
    metrics_of,
    untested,
)
from logops.rules.read import RulesError

ROOT = Path(__file__).parents[3]
RULES = """
groups:
  - name: compactor
    rules:
      - {record: 'loki:runs:count', expr: 'loki_boltdb_shipper_runs or loki_tsdb_shipper_runs'}
      - {alert: compactor-count, expr: 'loki:runs:count != 1', for: 5m, annotations: {summary: 'Not one.'}}
"""
TESTS = """
rule_files: [../rules/loki.yaml]
evaluation_interval: 1m
tests:
  - name: Loki 3
    interval: 1m
    input_series: [{series: 'loki_boltdb_shipper_runs{cluster="main"}', values: '2x9'}]
    alert_rule_test:
      - {eval_time: 9m, alertname: compactor-count, exp_alerts: [{exp_labels: {}, exp_annotations: {}}]}
"""


def written(root: Path, rules: str = RULES, tests: str = TESTS) -> Path:
    for folder, text in (("rules", rules), ("tests", tests)):
        (root / FOLDER.parent / folder).mkdir(parents=True, exist_ok=True)
        (root / FOLDER.parent / folder / "loki.yaml").write_text(text)
    return root


def missing_tests(root: Path) -> list[str]:
    return list(untested(load_prometheus_rules(root), load_prometheus_tests(root)))


def test_every_shipped_alert_is_tested_both_ways_with_the_names_of_loki_3_and_4() -> None:
    assert missing_tests(ROOT) == []


def test_alert_without_tests_of_loki_4_and_of_silence_is_reported(tmp_path: Path) -> None:
    assert missing_tests(written(tmp_path)) == [
        "loki.yaml: no test in which compactor-count fires with metrics loki_tsdb_shipper_*.",
        "loki.yaml: no test in which compactor-count does not fire.",
    ]


def test_alert_that_is_no_finding_class_is_refused_with_the_closest_name(tmp_path: Path) -> None:
    root = written(tmp_path, RULES.replace("alert: compactor-count", "alert: compactor-counts"))

    with pytest.raises(RulesError, match=r"compactor-counts is no class of docs/findings\.md\..*compactor-count"):
        load_prometheus_rules(root)


def test_metrics_of_rules_are_found_without_recorded_series_and_labels(tmp_path: Path) -> None:
    rules = RULES.replace("loki:runs:count != 1", 'loki:runs:count{loki="a"} and on (instance) up == 1')

    assert metrics_of(load_prometheus_rules(written(tmp_path, rules))) == {
        "loki_boltdb_shipper_runs",
        "loki_tsdb_shipper_runs",
        "up",
    }
