"""The approval policy. Every entry point of a rollout must check it."""

import ast
import os
import pwd
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from logops.cli import app
from logops.environment import Environment, load_environment
from logops.findings.store import ResultsStore
from logops.render import STAGES, Files
from logops.rollout import Approval, Plan, RolloutRefusedError, apply_stage, plan, run_rollout, unattended
from logops.rollout import run as run_module
from logops.rollout.approval import TERMINAL, check_approval, terminal_approver
from tests.support.fakes.memory_platform import MemoryPlatform

ROOT = Path(__file__).parents[3]
LOCAL = load_environment(ROOT / "include/environments/local.yaml")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLAN = Plan("local", ())
USER = pwd.getpwuid(os.getuid()).pw_name
PROMPT = "Roll this out?"


def with_approval(**fields: Any) -> Environment:
    return Environment.model_validate({**LOCAL.model_dump(by_alias=True, exclude_none=True), "approval": fields})


def platform_with(**approval: Any) -> MemoryPlatform:
    return MemoryPlatform(with_approval(**approval), {stage: Files({f"{stage}/file": "1\n"}) for stage in STAGES})


def by(approver: str, approved: Plan = PLAN) -> Approval:
    return Approval(approved.digest, approver, NOON, TERMINAL)


def test_plan_without_approval_is_allowed_if_none_is_required() -> None:
    check_approval(with_approval(required=False), PLAN, unattended(PLAN, NOON, TERMINAL))


def test_plan_without_approval_is_refused_if_one_is_required() -> None:
    with pytest.raises(RolloutRefusedError, match="nobody approved it"):
        check_approval(with_approval(required=True), PLAN, unattended(PLAN, NOON, TERMINAL))


@pytest.mark.parametrize("required", [True, False])
def test_plan_with_approval_of_another_plan_is_refused(required: bool) -> None:
    other = Approval("d1" * 32, "ada", NOON, TERMINAL)
    with pytest.raises(RolloutRefusedError, match="plan d1d1d1d1d1d1 was approved, not this one"):
        check_approval(with_approval(required=required), PLAN, other)


def test_plan_of_another_environment_is_refused() -> None:
    with pytest.raises(RolloutRefusedError, match="to 'local': it is a plan of 'production'"):
        check_approval(with_approval(required=False), Plan("production", ()), unattended(PLAN, NOON, TERMINAL))


def test_direct_rollout_of_plan_of_another_environment_changes_nothing() -> None:
    platform = platform_with(required=False)
    planned = replace(plan(platform), environment="production")
    with pytest.raises(RolloutRefusedError, match="it is a plan of 'production'"):
        run_rollout(platform, planned, unattended(planned, NOON, TERMINAL), "run", print)
    assert (platform.did, platform.owner) == ([], None)


def test_plan_approved_by_declared_approver_is_allowed() -> None:
    check_approval(with_approval(required=True, approvers=["ada"]), PLAN, by("ada"))


def test_plan_approved_by_undeclared_approver_is_refused_with_approver_names() -> None:
    with pytest.raises(RolloutRefusedError, match=r"'mallory' is not one of its approvers \(ada, grace\)"):
        check_approval(with_approval(required=True, approvers=["ada", "grace"]), PLAN, by("mallory"))


def test_system_user_is_mapped_to_declared_approver() -> None:
    environment = with_approval(required=True, approvers=["ada"], terminal_users={"alovelace": "ada"})
    assert terminal_approver(environment, "alovelace") == "ada"
    assert terminal_approver(environment, "root") == "root"


def test_approval_is_unchanged_after_json_round_trip() -> None:
    assert Approval.from_dict(by("ada").to_dict()) == by("ada")


# Every entry point checks the approval.


def test_direct_rollout_without_approval_changes_nothing() -> None:
    platform = platform_with(required=True)
    planned = plan(platform)
    with pytest.raises(RolloutRefusedError, match="nobody approved it"):
        run_rollout(platform, planned, unattended(planned, NOON, TERMINAL), "run", print)
    assert (platform.did, platform.owner) == ([], None)


def test_direct_apply_of_stage_without_approval_changes_nothing() -> None:
    platform = platform_with(required=True)
    planned = plan(platform)
    with pytest.raises(RolloutRefusedError, match="nobody approved it"):
        apply_stage(platform, planned, "loki", unattended(planned, NOON, TERMINAL), "run", print)
    assert (platform.did, platform.owner) == ([], None)


def test_platform_apply_is_called_only_by_rollout_apply_and_the_faults_of_a_drill() -> None:
    """A module that uses `apply` itself bypasses the policy. Only tests, benchmarks and `make drill` may do so: a drill
    changes a local environment as somebody does who edits its files.

    Any object's `apply` counts, called or passed on, because the type of the object is not known here.
    """
    files = [file for folder in ("plugins", "dags", "tools") for file in (ROOT / folder).rglob("*.py")]
    users = {
        file.relative_to(ROOT).as_posix()
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "apply"
    }
    assert users == {"plugins/logops/rollout/apply.py", "plugins/logops/quickstart/drill/faults.py"}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return a function that runs `logops up` on a platform in memory and returns the result and the platform."""

    def up(*arguments: str, answer: str = "", **approval: Any) -> Any:
        platform = platform_with(**approval)
        monkeypatch.setattr("logops.cli.rollout.platform", lambda name: platform)
        monkeypatch.setattr("logops.cli.rollout.results_store", lambda environment: ResultsStore(str(tmp_path)))
        monkeypatch.setattr(run_module, "verify_stage", lambda *_: ())
        return CliRunner().invoke(app, ["up", "local", *arguments], input=answer), platform

    return up


def test_terminal_refuses_yes_option_if_approval_is_required(terminal: Any) -> None:
    result, platform = terminal("--yes", answer="y\n", required=True)
    assert result.exit_code == 2
    assert "requires approval" in result.output
    assert PROMPT not in result.output
    assert platform.did == []


def test_terminal_refuses_user_who_is_not_an_approver(terminal: Any) -> None:
    result, platform = terminal(answer="y\n", required=True, approvers=["somebody-else"])
    assert result.exit_code == 2
    assert f"{USER!r} is not one of its approvers (somebody-else)" in " ".join(result.output.split())
    assert PROMPT not in result.output
    assert platform.did == []


def test_terminal_ignores_user_name_in_environment_variables(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "ada")
    result, platform = terminal(answer="y\n", required=True, approvers=["ada"])
    assert result.exit_code == 2
    assert platform.did == []


def test_terminal_rollout_is_recorded_with_plan_approver_and_time(terminal: Any, tmp_path: Path) -> None:
    result, platform = terminal(answer="y\n", required=True, approvers=["ada"], terminal_users={USER: "ada"})
    assert result.exit_code == 0, result.output
    (row,) = ResultsStore(str(tmp_path)).query("rollouts", "select * from rollouts").to_pylist()
    assert PROMPT in result.output
    assert (row["approver"], row["approved_via"], row["outcome"]) == ("ada", "terminal", "rolled out")
    assert row["applied"] == list(STAGES)
    assert row["approved_at"] is not None
    assert platform.owner is None
