"""Diagnostics as lines, workflow commands and SARIF."""

import pytest

from logops.diagnostics.concise import line
from logops.diagnostics.github import workflow_command
from logops.diagnostics.model import Diagnostic, Level, Position, Rule, in_order
from logops.diagnostics.sarif import sarif_log

RULE = Rule("key-unknown", Level.ERROR, "Loki does not know the key.", "Loki does not start.", "Remove it.")
PROBLEM = Diagnostic(RULE, "rinng is not a key", "a b/loki.yaml", Position(3, 5), Position(3, 10), remedy="Write ring.")


def test_line_has_position_class_message_and_remedy() -> None:
    assert line(PROBLEM) == "a b/loki.yaml:3:5: key-unknown rinng is not a key -> Write ring."


def test_line_of_fixable_problem_is_marked() -> None:
    fixable = Diagnostic(RULE, "m", "f", fixable=True)
    assert line(fixable) == "f:1:1: key-unknown [*] m -> Remove it."


def test_workflow_command_has_file_position_and_title() -> None:
    assert workflow_command(PROBLEM) == (
        "::error file=a b/loki.yaml,line=3,col=5,endLine=3,endColumn=10,title=key-unknown"
        "::rinng is not a key%0AWrite ring."
    )


def test_workflow_command_escapes_what_would_end_a_property_or_the_message() -> None:
    problem = Diagnostic(RULE, "100%: a\r\nb", "a,b:c%.yaml", remedy="x")
    assert workflow_command(problem) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,title=key-unknown::100%25: a%0D%0Ab%0Ax"
    )


def test_workflow_command_of_problem_over_several_lines_has_no_end_column() -> None:
    problem = Diagnostic(RULE, "m", "f", Position(1, 9), Position(2, 3), remedy="r")
    assert workflow_command(problem).startswith("::error file=f,line=1,col=9,endLine=2,title=")


@pytest.mark.parametrize(("level", "command"), [(Level.WARNING, "::warning "), (Level.NOTE, "::notice ")])
def test_workflow_command_has_the_level_of_the_rule(level: Level, command: str) -> None:
    assert workflow_command(Diagnostic(Rule("r", level, "m"), "m")).startswith(command)


def test_sarif_result_names_its_rule_and_region() -> None:
    (run,) = sarif_log([PROBLEM], "logops doctor", "0.2")["runs"]
    (result,) = run["results"]

    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "key-unknown"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b/loki.yaml"},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 10},
    }


def test_sarif_log_has_each_rule_once() -> None:
    (run,) = sarif_log([PROBLEM, PROBLEM], "logops doctor", "0.2")["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["key-unknown"]


def test_diagnostics_are_ordered_by_file_and_number_of_line() -> None:
    problems = [
        Diagnostic(RULE, "m", "b"),
        Diagnostic(RULE, "m", "a", Position(10)),
        Diagnostic(RULE, "m", "a", Position(9)),
    ]
    assert [(p.file, p.start.line) for p in in_order(problems)] == [("a", 9), ("a", 10), ("b", 1)]
