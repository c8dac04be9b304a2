"""Tests of the shipped rules and of invalid rules files."""

from pathlib import Path

import pytest

from logops.environment.units import Duration
from logops.rules.read import FOLDER, RulesError, advice, load_rules
from tests.support.environments import environment

ROOT = Path(__file__).parents[3]
RULES = load_rules(ROOT)
ONE = """cluster: main
tenant: application
owner: o
description: d
groups:
  - name: g
    rules:
      - record: a:b:c
        expr: sum(rate({a="b"} [5m]))
      - alert: TooMuch
        expr: sum(rate({a="b"} [5m])) > 1
        for: 5m
        labels: {severity: warning}
        annotations: {summary: s, description: d}
        tests:
          - lines: [{labels: {a: b}, line: x, every: 1s, to: 10m}]
            expect: [{at: 9m, firing: [{}]}]
          - expect: [{at: 9m, firing: []}]
"""


@pytest.mark.parametrize("name", RULES)
def test_shipped_rule_has_no_lint_finding(name: str) -> None:
    assert list(advice(RULES[name])) == []


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("shipped", ["local", "production"])
def test_tenant_of_shipped_rules_file_exists_in_shipped_environment(name: str, shipped: str) -> None:
    file = RULES[name]
    assert file.tenant in environment(shipped).clusters[file.cluster].tenants


def test_shipped_rules_record_expected_rate_metrics() -> None:
    recorded = {recording.record for file in RULES.values() for recording in file.recordings}
    assert recorded >= {
        "service:http_requests:rate5m", "job:log_errors:ratio_rate5m", "status:nginx_requests:rate5m",
        "service:failed_logins:rate5m",
    }  # fmt: skip


def test_shipped_recording_names_are_unique_per_tenant() -> None:
    recorded = [(file.cluster, file.tenant, one.record) for file in RULES.values() for one in file.recordings]
    assert len(set(recorded)) == len(recorded)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('{a="b"} [5m])) > 1', '{a="b" [5m])) > 1', "one.yaml, groups.0.rules.1.expr: line 1, column 17: expected"),
        ('sum(rate({a="b"} [5m]))', "'{a=\"b\"}'", "a rule needs numbers, and this query answers with lines"),
        ("record: a:b:c", "record: requests", "groups.0.rules.0.record.record: String should match pattern"),
        ("alert: TooMuch", "alert: too-much", "groups.0.rules.1.alert.alert: String should match pattern"),
        ("        for: 5m\n", "", "groups.0.rules.1.alert.for: Field required"),
        ("for: 5m", "for: five", "'five' is not a duration"),
        ("severity: warning", "severity: bad", "labels.severity: Input should be 'critical', 'warning' or 'info'"),
        ("summary: s, description: d", "summary: s", "annotations.description: Field required"),
        ("          - expect: [{at: 9m, firing: []}]\n", "", "tests: one in which it fires, and one in which it never"),
        ("firing: [{}]", "firing: []", "tests: one in which it fires, and one in which it never does"),
        ("every: 1s", "every: 0s", "a stream has a line every so often, and ends after it began"),
        (
            "every: 1s, to: 10m",
            "every: 1ms, to: 30d",
            "groups.0.rules.1.alert.tests.0: 2,592,000,000 lines, and a test has at most 100,000: write a longer",
        ),
        ("  - name: g\n", "  - name: g\n    interval: 0s\n", "interval: rules are evaluated every so often, as in 1m"),
        ("at: 9m", "at: 30d", "groups.0: 30d is more than 11,000 evaluations, one each 1m, and Loki answers no more"),
        ("owner: o", "owner: o\nownr: p", "ownr: Extra inputs are not permitted"),
        ("tenant: application", "tenant: index", "Loki stores its own objects under index/"),
        ("owner: o", "owner: o\nowner: p", "the key 'owner' is a duplicate"),
        ("groups:", "groups: [", "is not YAML"),
    ],
)
def test_invalid_rules_file_is_refused_with_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    write(tmp_path, ONE.replace(old, new, 1))

    with pytest.raises(RulesError) as refused:
        load_rules(tmp_path)

    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("again", "message"),
    [
        ("  - name: g\n    rules: [{record: a:b:d, expr: 'sum(rate({a=\"b\"} [5m]))'}]\n", "group g stands here twice"),
        ("  - name: h\n    rules: [{record: a:b:c, expr: 'sum(rate({a=\"b\"} [5m]))'}]\n", "record a:b:c stands here"),
    ],
)
def test_duplicate_group_or_record_name_is_refused(tmp_path: Path, again: str, message: str) -> None:
    write(tmp_path, ONE + again)

    with pytest.raises(RulesError, match=message):
        load_rules(tmp_path)


@pytest.mark.parametrize(
    ("interval", "usual", "advised"),
    [
        ("", "5m", []),
        ("", "6m", ["range-below-step"]),
        ("    interval: 6m\n", "1m", ["range-below-step"]),
        ("    interval: 1m\n", "6m", []),
    ],
)
def test_lint_uses_group_interval_as_step_of_expressions(
    tmp_path: Path, interval: str, usual: str, advised: list[str]
) -> None:
    write(tmp_path, ONE.replace("  - name: g\n", f"  - name: g\n{interval}"))
    pieces = advice(load_rules(tmp_path)["one"], Duration(usual))

    assert [one.rule for where, _, one in pieces if where == "groups.0.rules.0.expr"] == advised


def test_project_without_rules_folder_loads_no_rules(tmp_path: Path) -> None:
    assert load_rules(tmp_path) == {}


def write(root: Path, text: str) -> None:
    folder = root / FOLDER
    folder.mkdir(parents=True)
    (folder / "one.yaml").write_text(text)
