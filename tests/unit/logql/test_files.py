"""Queries in files: where they are, what is found in them, and what --fix writes."""

import json

import yaml

from logops.logql.lint.advice import QUERY_ALONE, Context
from logops.logql.lint.check_file import lint_file
from logops.logql.lint.fix_file import fixed_file
from logops.logql.lint.in_files import FileQuery, queries_in

RULES = """\
# Who is woken for what.
groups:
  - name: rates
    interval: 10m
    rules:
      - record: a:b:c
        expr: >-
          sum(rate({a="b"}
          |~ "x|y" [5m]))
      - alert: Two   # two lines
        expr: 'sum(rate({a="b"} |~ "it''s" [20m])) > 0'
      - alert: Three
        expr: "sum(rate({a=\\"b\\"} |~ \\"q\\" [20m])) > 0"
      - alert: Four
        expr: |
          sum(rate({a="b"}  # all
            | json
            |~ "z" [20m])) > 0
"""

DASHBOARD = {
    "panels": [
        {
            "datasource": {"type": "loki", "uid": "${source}"},
            "targets": [{"expr": '{a="b"} |~ "x"'}, {"expr": 'sum(rate({a="$b"} |~ "y" [$__interval])) by ($c)'}],
        },
        {"datasource": {"type": "prometheus"}, "targets": [{"expr": "up"}]},
        {"datasource": "My Loki", "targets": [{"expr": '{a="c"}'}]},
    ]
}


def alone(query: FileQuery) -> Context:
    return Context(query.step_ns)


def config_map(file: str, text: str) -> str:
    return yaml.safe_dump({"kind": "ConfigMap", "data": {file: text}}, default_style="|", width=1000)


def rule_positions(text: str, file: str) -> list[tuple[str, str]]:
    """Return each problem with the text of the file from its position to its end."""
    lines = text.split("\n")
    found = [problem.diagnostic for problem in lint_file(text, file, alone)[1]]
    return [
        (problem.rule.name, lines[problem.start.line - 1][problem.start.column - 1 : problem.end.column - 1])
        for problem in found
        if problem.end
    ]


def test_problem_in_rules_has_its_position_in_the_file() -> None:
    assert rule_positions(RULES, "rules.yaml") == [
        ("regex-for-text", '|~ "x|y"'),
        ("range-below-step", "[5m]"),
        ("regex-for-text", "|~ \"it''s\""),
        ("regex-for-text", '|~ \\"q\\"'),
        ("unused-parser", "| json"),
        ("regex-for-text", '|~ "z"'),
    ]


def test_problem_in_rules_in_a_config_map_has_its_position_in_the_file() -> None:
    text = config_map("rules.yaml", RULES)
    assert rule_positions(text, "cm.yaml") == rule_positions(RULES, "rules.yaml")


def test_queries_of_a_dashboard_are_those_of_loki() -> None:
    assert [query.path for query in queries_in(json.dumps(DASHBOARD), "board.json")] == [
        "panels.0.targets.0.expr",
        "panels.0.targets.1.expr",
        "panels.2.targets.0.expr",
    ]


def test_query_with_variables_of_grafana_is_checked() -> None:
    text = json.dumps(DASHBOARD, indent="\t")
    assert rule_positions(text, "board.json") == [("regex-for-text", '|~ \\"x\\"'), ("regex-for-text", '|~ \\"y\\"')]


def test_query_after_an_alias_is_read_once() -> None:
    text = 'groups:\n- rules:\n  - &r {record: a, expr: "rate({a=~\\"b\\"}[5m])"}\n  - *r\n'
    assert len(queries_in(text, "rules.yaml")) == 1


def test_other_file_is_one_query() -> None:
    (query,) = queries_in('# why\n{a="b"}\n', "errors.logql")
    assert query.text == '# why\n{a="b"}\n'


def test_yaml_without_queries_has_none() -> None:
    assert queries_in("a: [1, {expr: up}]\n", "values.yaml") == []


def test_rule_that_is_no_query_is_a_problem_at_its_character() -> None:
    text = 'groups:\n- rules:\n  - record: a\n    expr: rate({a="b"}[5m)\n'
    count, (problem,) = lint_file(text, "rules.yaml", alone)

    assert (count, problem.diagnostic.rule.name) == (1, "invalid-query")
    assert (problem.diagnostic.start.line, problem.diagnostic.start.column) == (4, 23)


def test_file_that_is_no_yaml_is_a_problem_at_its_line() -> None:
    count, (problem,) = lint_file("a: [1\nb: 2\n", "rules.yaml", alone)

    assert (count, problem.diagnostic.rule.name) == (0, "file-unreadable")
    assert problem.diagnostic.start.line == 2


def test_deeply_nested_file_is_a_problem() -> None:
    _, (problem,) = lint_file("[" * 100_000, "rules.yaml", alone)
    assert problem.diagnostic.message == "not readable as YAML: values nested deeper than 100"


def test_fix_changes_the_queries_and_nothing_else() -> None:
    text, applied = fixed_file(RULES, "rules.yaml", lambda _: QUERY_ALONE)

    assert text == (
        RULES.replace('|~ "x|y"', '|= "x" or "y"')
        .replace("|~ \"it''s\"", "|= \"it''s\"")
        .replace('|~ \\"q\\"', '|= \\"q\\"')
        .replace('\n            | json\n            |~ "z"', '\n            |= "z"')
    )
    assert len(applied) == 5


def test_fix_in_a_config_map_changes_the_queries_and_nothing_else() -> None:
    text = config_map("rules.yaml", RULES)
    fixed = yaml.safe_load(fixed_file(text, "cm.yaml", lambda _: QUERY_ALONE)[0])

    assert fixed["data"]["rules.yaml"] == fixed_file(RULES, "rules.yaml", lambda _: QUERY_ALONE)[0]


def test_fix_of_a_dashboard_leaves_queries_with_variables() -> None:
    text = json.dumps(DASHBOARD, indent=2)
    assert fixed_file(text, "board.json", lambda _: QUERY_ALONE)[0] == text.replace('|~ \\"x\\"', '|= \\"x\\"')


def test_fix_of_a_dashboard_keeps_emoji_that_json_escapes() -> None:
    text = json.dumps({**DASHBOARD, "title": "logs \N{PARTY POPPER} \\ud83d"}, indent=2)
    assert "\\ud83c\\udf89" in text
    assert fixed_file(text, "board.json", lambda _: QUERY_ALONE)[0] == text.replace('|~ \\"x\\"', '|= \\"x\\"')


def test_fix_of_a_file_that_is_no_yaml_changes_nothing() -> None:
    assert fixed_file("a: [1\nb: 2\n", "rules.yaml", lambda _: QUERY_ALONE) == ("a: [1\nb: 2\n", [])


def test_second_fix_of_a_file_changes_nothing() -> None:
    text, _ = fixed_file(RULES, "rules.yaml", lambda _: QUERY_ALONE)
    assert fixed_file(text, "rules.yaml", lambda _: QUERY_ALONE) == (text, [])


def test_line_breaks_of_windows_stay() -> None:
    text = RULES.replace("\n", "\r\n")
    assert fixed_file(text, "rules.yaml", lambda _: QUERY_ALONE)[0] == fixed_file(
        RULES, "rules.yaml", lambda _: QUERY_ALONE
    )[0].replace("\n", "\r\n")
