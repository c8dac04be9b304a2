"""`logops plan` and `logops up`: what is printed where, the exit codes, and accepted findings."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.plan_text import show_plan
from logops.findings.store import ResultsStore
from logops.render import STAGES, Files
from logops.rollout import Plan, plan_stage
from logops.rollout import run as run_module
from tests.support.environments import environment, rendered
from tests.support.fakes.memory_platform import MemoryPlatform

SHORT = ("clusters.main.tenants.application.retention.keep", "60d")
REASON = "retention-short=the data protection officer asked"


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryPlatform:
    """A platform at the state of `local`, whose file now keeps the application's logs for 60 days."""
    changed = environment("local", SHORT)
    platform = MemoryPlatform(changed, rendered(changed))
    platform.at = rendered(environment("local"))
    monkeypatch.setattr("logops.cli.rollout.platform", lambda name: platform)
    monkeypatch.setattr("logops.cli.rollout.results_store", lambda environment: ResultsStore(str(tmp_path)))
    monkeypatch.setattr(run_module, "verify_stage", lambda *_: ())
    return platform


@pytest.fixture
def harmless(platform: MemoryPlatform) -> MemoryPlatform:
    """The same platform with a change that no finding refuses."""
    platform.environment = environment("local", ("clusters.main.log_level", "info"))
    platform.wanted = rendered(platform.environment)
    return platform


@pytest.fixture
def unchanged(platform: MemoryPlatform) -> MemoryPlatform:
    platform.environment = environment("local")
    platform.wanted = dict(platform.at)
    return platform


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [*arguments], input=answer)


def records(folder: Path) -> list[dict[str, Any]]:
    return ResultsStore(str(folder)).query("rollouts", "select accepted, findings from rollouts").to_pylist()


def test_plan_is_data_on_stdout(harmless: MemoryPlatform) -> None:
    result = run("plan", "local")
    assert result.stdout.startswith("local: plan ")
    assert "+  log_level: info" in result.stdout
    assert result.stderr == ""


def test_plan_with_critical_finding_shows_the_plan_and_exits_with_1(platform: MemoryPlatform) -> None:
    result = run("plan", "local")
    assert "main/application: kept 90 d -> 60 d" in result.stdout
    assert "refused because of critical findings: 1 retention-short" in result.stderr
    assert result.exit_code == 1


def test_plan_with_accepted_finding_exits_with_0(platform: MemoryPlatform) -> None:
    result = run("plan", "local", "--accept", REASON)
    assert "accepted: the data protection officer asked" in result.stdout
    assert result.exit_code == 0


def test_plan_with_error_exits_with_1_as_check_does(platform: MemoryPlatform) -> None:
    platform.environment = environment("local", ("clusters.main.replication_factor", 5))
    platform.wanted = rendered(platform.environment)
    result = run("plan", "local")
    assert "error replication-above-ingesters" in result.stdout
    assert (result.stderr, result.exit_code) == ("", 1)


def test_unknown_accepted_class_is_bad_input(platform: MemoryPlatform) -> None:
    result = run("plan", "local", "--accept", "retention-shrt=typo")
    assert result.stderr.startswith("--accept: accepting retention-shrt in a plan of 'local': the plan has no critical")
    assert result.exit_code == 2


def test_acceptance_without_reason_is_bad_input(platform: MemoryPlatform) -> None:
    assert run("plan", "local", "--accept", "retention-short").exit_code == 2


def test_exit_code_option_exits_with_1_for_changes(harmless: MemoryPlatform) -> None:
    assert run("plan", "local").exit_code == 0
    assert run("plan", "local", "--exit-code").exit_code == 1


def test_exit_code_option_exits_with_0_without_changes(unchanged: MemoryPlatform) -> None:
    result = run("plan", "local", "--exit-code")
    assert (result.stdout, result.exit_code) == ("local: nothing to change\n", 0)


def test_exit_code_option_exits_with_2_for_bad_input() -> None:
    assert run("plan", "no-such-environment", "--exit-code").exit_code == 2


def test_json_has_promises_findings_counts_and_refusal(platform: MemoryPlatform) -> None:
    data = json.loads(run("plan", "local", "--json").stdout)
    (promise,) = data["impact"]["promises"]
    assert (promise["owner"], promise["before"], promise["after"]) == ("main/application", "90 d", "60 d")
    assert [finding["class"] for finding in data["findings"]] == ["retention-short", "agent-end-of-life"]
    assert (data["refused"], data["changed"]) == (True, True)
    assert data["summary"].startswith("1 change, 0 starts, 0 restarts, 0 deletions")
    assert Plan.from_dict(data).digest == data["digest"]


def test_markdown_option_prints_what_airflow_shows(harmless: MemoryPlatform) -> None:
    assert "### What changes for the owners of logs" in run("plan", "local", "--markdown").stdout


def test_json_and_markdown_together_are_bad_input(harmless: MemoryPlatform) -> None:
    result = run("plan", "local", "--json", "--markdown")
    assert (result.stderr, result.exit_code) == ("--json and --markdown: choose one.\n", 2)


@pytest.mark.parametrize("arguments", [(), ("--yes",)])
def test_up_with_critical_finding_is_refused_without_a_question(
    platform: MemoryPlatform, arguments: tuple[str, ...]
) -> None:
    result = run("up", "local", *arguments, answer="y\n")
    assert "refused because of critical findings: 1 retention-short" in result.stderr
    assert "Roll this out?" not in result.output
    assert (result.exit_code, platform.did) == (1, [])


def test_up_shows_the_promise_before_it_asks(platform: MemoryPlatform) -> None:
    result = run("up", "local", "--accept", REASON, answer="n\n")
    assert result.output.index("kept 90 d -> 60 d") < result.output.index("Roll this out?")
    assert platform.did == []


def test_up_repeats_the_counts_right_before_it_asks(harmless: MemoryPlatform) -> None:
    lines = run("up", "local", answer="n\n").output.splitlines()
    question = next(number for number, line in enumerate(lines) if line.startswith("Roll this out?"))
    assert lines[question - 1].startswith("1 change, 0 starts, 10 restarts, 0 deletions of files and processes")


def test_accepted_finding_and_reason_are_recorded(platform: MemoryPlatform, tmp_path: Path) -> None:
    assert run("up", "local", "--yes", "--accept", REASON).exit_code == 0
    assert platform.did == ["apply tenants"]
    (record,) = records(tmp_path)
    assert record["accepted"] == ["retention-short: the data protection officer asked"]


def test_findings_are_compared_with_the_last_rollout(platform: MemoryPlatform) -> None:
    run("up", "local", "--yes", "--accept", REASON)
    platform.environment = environment("local")
    platform.wanted = rendered(platform.environment)
    result = run("plan", "local")
    assert "gone: retention-short cluster=main tenant=application" in result.stdout
    assert "1 finding as before: agent-end-of-life" in result.stdout


def terminal_text(live: str, desired: str, width: int) -> Iterator[str]:
    """Return the lines of a plan of one changed file on a terminal."""
    console = Console(file=StringIO(), force_terminal=True, width=width, color_system=None)
    stage = plan_stage("loki", Files({"loki/main.yaml": live}), Files({"loki/main.yaml": desired}))
    show_plan(console, Plan("local", (stage,)), whole=True)
    assert isinstance(console.file, StringIO)
    yield from console.file.getvalue().splitlines()


def test_wrapped_diff_line_cannot_be_taken_for_a_removed_line() -> None:
    text = f"key: {'a' * 71} -removed: no"
    lines = [line for line in terminal_text("key: b\n", text, 80) if "key" in line or "removed: no" in line]
    assert lines == ["  -key: b", f"  +key: {'a' * 71} ", "    ... -removed: no"]


@pytest.mark.parametrize("word", ["word ", "\u6f22\u5b57"])
@pytest.mark.parametrize("width", [40, 80, 140])
def test_no_line_of_a_plan_is_wider_than_the_terminal(width: int, word: str) -> None:
    assert max(map(cell_len, terminal_text("a: b\n", f"a: {word * 100}\n", width))) <= width


def test_control_characters_of_a_live_file_do_not_reach_the_terminal() -> None:
    assert not any("\x1b" in line or "\x07" in line for line in terminal_text("a: \x1b[2J\x07b\n", "a: c\n", 80))


def test_stages_of_a_plan_can_be_chosen(platform: MemoryPlatform) -> None:
    data = json.loads(run("plan", "local", "--stage", "loki", "--json").stdout)
    assert [stage["stage"] for stage in data["stages"]] == ["loki"]
    assert data["impact"]["promises"] == []
    assert set(STAGES) > {"loki"}
