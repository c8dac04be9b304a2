"""Complete Airflow runs of the rollout DAG on a platform in memory: task states and changes on the platform."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.utils.db import initdb

from logops.airflow.operators.work import read_environment
from logops.environment import Environment
from logops.findings.store import ResultsStore
from logops.render import STAGES, Files
from logops.rollout import VerificationError
from logops.rollout.errors import VerificationResult
from tests.support import airflow_home
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

Run = Callable[..., dict[str, str]]


@pytest.fixture(scope="session")
def _database() -> None:
    initdb()


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryPlatform:
    """A platform in memory for every environment. Every verification passes."""
    platform = MemoryPlatform(read_environment("local"), {s: Files({f"{s}/file": f"{s} 1\n"}) for s in STAGES})

    def open_platform(environment: Environment, *_: object) -> MemoryPlatform:
        platform.environment = environment
        return platform

    monkeypatch.setattr("logops.platforms.open_platform", open_platform)
    monkeypatch.setattr("logops.rollout.verify_stage", lambda platform, stage, progress: ())
    for task in ("plan", "summary"):
        monkeypatch.setattr(
            f"logops.airflow.operators.{task}.results_store", lambda environment: ResultsStore(str(tmp_path))
        )
    return platform


@pytest.fixture
def _approval_required(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A project whose environment `local` requires approval."""
    (tmp_path / "include/environments").mkdir(parents=True)
    (tmp_path / "tools").symlink_to(airflow_home.ROOT / "tools")
    text = (airflow_home.ROOT / "include/environments/local.yaml").read_text()
    (tmp_path / "include/environments/local.yaml").write_text(text.replace("required: false", "required: true"))
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))


@pytest.fixture
def run(rollout: DAG, platform: MemoryPlatform, _database: None, _short_sleeps: None) -> Run:
    """Run the DAG with these params. Returns the state of each task, and the state of the run under `run`."""

    def to_its_end(mark_success: str | None = None, **params: Any) -> dict[str, str]:
        ended = rollout.test(run_conf={"auto_approve": True, **params}, mark_success_pattern=mark_success)
        return {task.task_id: task.state for task in ended.get_task_instances()} | {"run": str(ended.state)}

    return to_its_end


def states(seen: dict[str, str], state: str) -> set[str]:
    return {task for task, found in seen.items() if found == state}


ALL = {f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify")}


def test_rollout_applies_every_stage_in_order_and_succeeds(run: Run, platform: MemoryPlatform) -> None:
    seen = run()
    assert platform.did == [f"apply {stage}" for stage in STAGES]
    assert states(seen, "skipped") == {"approval", "roll_back"}
    assert states(seen, "success") == {"plan", "summary", "run"} | ALL
    assert platform.owner is None


def test_repeated_rollout_changes_nothing_and_skips_all_stages(run: Run, platform: MemoryPlatform) -> None:
    run()
    platform.did.clear()
    seen = run()
    assert platform.did == []
    assert states(seen, "skipped") == {"approval", "roll_back"} | ALL
    assert seen["run"] == "success"


def test_unselected_stages_are_skipped(run: Run, platform: MemoryPlatform) -> None:
    seen = run(stages=["loki", "tenants"])
    assert platform.did == ["apply loki", "apply tenants"]
    left_out = {f"{stage}.{step}" for stage in ("storage", "agents", "rules") for step in ("apply", "verify")}
    assert left_out <= states(seen, "skipped")
    assert seen["run"] == "success"


def test_stage_that_does_not_start_is_rolled_back_with_earlier_stages(run: Run, platform: MemoryPlatform) -> None:
    platform.breaks = {"agents"}
    seen = run()
    assert platform.did == [
        "apply storage", "apply loki", "apply agents",
        "roll back agents", "roll back loki", "roll back storage",
    ]  # fmt: skip
    assert states(seen, "failed") == {"agents.apply", "summary", "run"}
    assert states(seen, "upstream_failed") == {
        "agents.verify", "tenants.apply", "tenants.verify", "rules.apply", "rules.verify",
    }  # fmt: skip
    assert seen["roll_back"] == "success"
    assert platform.owner is None


def test_stage_with_failed_verification_is_rolled_back(run: Run, platform: MemoryPlatform, monkeypatch: Any) -> None:
    def fails(platform: MemoryPlatform, stage: str, progress: Any) -> Any:
        raise VerificationError(stage, (VerificationResult("ready", "main-ingester-0", False, "no answer"),))

    monkeypatch.setattr("logops.rollout.verify_stage", fails)
    seen = run()
    assert platform.did == ["apply storage", "roll back storage"]
    assert states(seen, "failed") == {"storage.verify", "summary", "run"}


@pytest.mark.usefixtures("_approval_required")
def test_auto_approval_fails_and_changes_nothing_if_approval_is_required(run: Run, platform: MemoryPlatform) -> None:
    seen = run()
    assert states(seen, "failed") == {"plan", "summary", "run"}
    assert seen["roll_back"] == "skipped"
    assert platform.did == []


@pytest.mark.usefixtures("_approval_required")
def test_approval_task_marked_as_success_approves_nothing(run: Run, platform: MemoryPlatform) -> None:
    seen = run(auto_approve=False, mark_success="approval")
    assert states(seen, "failed") == {"storage.apply", "summary", "run"}
    assert seen["roll_back"] == "skipped"
    assert platform.did == []


def test_run_while_another_run_holds_lease_changes_nothing(run: Run, platform: MemoryPlatform) -> None:
    platform.acquire_lease("another run")
    seen = run()
    assert states(seen, "failed") == {"storage.apply", "summary", "run"}
    assert seen["roll_back"] == "skipped"
    assert platform.did == []
    assert platform.owner == "another run"


def test_critical_finding_fails_the_run_before_anybody_is_asked(
    run: Run, platform: MemoryPlatform, monkeypatch: Any
) -> None:
    wanted = environment("local", ("clusters.main.tenants.application.retention.keep", "60d"))
    monkeypatch.setattr("logops.airflow.operators.plan.read_environment", lambda name: wanted)
    seen = run(auto_approve=False)
    assert states(seen, "failed") == {"plan", "summary", "run"}
    assert seen["approval"] == "upstream_failed"
    assert platform.did == []
