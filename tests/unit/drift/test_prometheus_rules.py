"""Tests of the comparison of loaded rules with files of rules. Values in, values out."""

import pytest

from logops.clients.prometheus import LoadedRule
from logops.drift.prometheus_rules import LoadedRules, as_written, difference, expressions

FILES = {
    "storage/prometheus/rules/loki.yaml": """
groups:
  - name: writes
    rules:
      - {record: 'a:b:c', expr: 'sum(a)'}
      - alert: flush-failing
        expr: >-
          a:b:c
          > 1
        for: 10m
        labels: {severity: error}
        annotations: {summary: 'It fails.'}
  - name: reads
    rules:
      - {record: 'd:e:f', expr: 'sum(d)'}
""",
    "storage/main.yaml": "account: a",
}
RECORDED = LoadedRule("writes", "a:b:c", "sum(a)", "ok", "")
ALERT = LoadedRule(
    "writes", "flush-failing", "a:b:c > 1", "ok", "", 600, {"severity": "error"}, {"summary": "It fails."}
)
# Prometheus lists groups by name.
LOADED = [LoadedRule("reads", "d:e:f", "sum(d)", "ok", ""), RECORDED, ALERT]


def refuses(expression: str) -> str:
    raise AssertionError(f"asked about {expression}")


def compared(rules: list[LoadedRule], files: dict[str, str] = FILES) -> list[str] | None:
    written = {each: as_written(each, rules, lambda text: text) for each in expressions(files)}
    return difference(LoadedRules(rules, written), files)


def test_rules_as_in_the_files_have_no_difference_whatever_the_layout() -> None:
    assert compared(LOADED) == []


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (LoadedRule("writes", "flush-failing", "a:b:c > 2", "ok", "", 600, ALERT.labels, ALERT.annotations), "expr"),
        (LoadedRule("writes", "flush-failing", "a:b:c > 1", "ok", "", 60, ALERT.labels, ALERT.annotations), "for"),
        (LoadedRule("writes", "flush-failing", "a:b:c > 1", "ok", "", 600, {}, ALERT.annotations), "label severity"),
        (LoadedRule("writes", "flush-failing", "a:b:c > 1", "ok", "", 600, ALERT.labels, {}), "annotation summary"),
    ],
)
def test_every_part_of_a_rule_is_compared(other: LoadedRule, line: str) -> None:
    assert f"+writes/flush-failing {line}: " in "\n".join(compared([*LOADED[:2], other]) or [])


def test_rules_in_another_order_of_their_group_differ() -> None:
    assert compared([LOADED[0], ALERT, RECORDED])


def test_expression_that_prometheus_writes_in_another_way_is_the_same() -> None:
    files = {
        "storage/prometheus/rules/a.yaml": "groups: [{name: g, rules: [{record: 'a:b:c', expr: 'sum(a) by (b)'}]}]"
    }
    loaded = [LoadedRule("g", "a:b:c", "sum by (b) (a)", "ok", "")]
    written = {"sum(a) by (b)": as_written("sum(a) by (b)", loaded, lambda _: "sum by (b) (\n  a\n)")}

    assert difference(LoadedRules(loaded, written), files) == []


def test_prometheus_is_not_asked_about_an_expression_that_it_has_loaded() -> None:
    assert as_written("sum( a )", LOADED, refuses) == "sum(a)"


@pytest.mark.parametrize("text", ["groups: [", "groups: [{rules: [{alert: a}]}]", "other: 1", ""])
def test_damaged_file_is_not_compared(text: str) -> None:
    assert compared(LOADED, {"storage/prometheus/rules/loki.yaml": text}) is None
