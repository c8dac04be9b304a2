"""`logops up` on a platform in memory: interruptions and failures."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.findings.store import ResultsStore
from logops.platforms.platform import PlatformError
from logops.render import STAGES, Files
from logops.rollout import RolloutOutcome, RolloutRecord, RolloutResult, write_record
from logops.rollout import run as run_module
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

ROOT = Path(__file__).parents[3]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended: 128 + SIGINT."""
WAITING_ROLLOUT = """
import json, signal, sys
from logops.cli import main, rollout
from logops.rollout import run
from tests.unit.cli.test_rollout import local_platform
from logops.findings.store import ResultsStore

platform = local_platform()
apply = platform.apply

def apply_slowly(stage, *arguments):
    revision = apply(stage, *arguments)
    if stage == "loki":
        print("waiting", file=sys.stderr, flush=True)
        signal.pause()
    return revision

platform.apply = apply_slowly
run.verify_stage = lambda *_: ()
rollout.platform = lambda name: platform
store = ResultsStore(sys.argv.pop())
rollout.results_store = lambda environment: store
try:
    main()
finally:
    print(json.dumps([platform.did, platform.owner]))
"""
"""Runs `logops up` with a stage `loki` that takes a minute. The last argument is the folder of the results."""


def local_platform() -> MemoryPlatform:
    return MemoryPlatform(environment("local"), {stage: Files({f"{stage}/file": "1\n"}) for stage in STAGES})


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryPlatform:
    platform = local_platform()
    monkeypatch.setattr("logops.cli.rollout.platform", lambda name: platform)
    monkeypatch.setattr("logops.cli.rollout.results_store", lambda environment: ResultsStore(str(tmp_path)))
    monkeypatch.setattr(run_module, "verify_stage", lambda *_: ())
    return platform


def up() -> Result:
    return CliRunner().invoke(app, ["up", "local", "--yes"])


def unlock(owner: str) -> Result:
    return CliRunner().invoke(app, ["unlock", "local", "--owner", owner])


def records(results: Path) -> list[dict[str, object]]:
    sql = "select outcome, failed_at, rolled_back from rollouts order by as_of"
    return ResultsStore(str(results)).query("rollouts", sql).to_pylist()


def finding_messages(results: Path) -> list[str]:
    _, findings = next(ResultsStore(str(results)).runs("local", "rollout", datetime.now(UTC)))
    return [finding.message for finding in findings]


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_ctrl_c_during_rollout_is_recorded_with_step_and_ends_the_command(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING_ROLLOUT, "up", "local", "--yes", str(tmp_path)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stderr is not None
        lines = iter(command.stderr.readline, "")
        assert any(line == "waiting\n" for line in lines)
        command.send_signal(signal.SIGINT)
        stdout, stderr = command.communicate(timeout=30)

    assert command.returncode == INTERRUPTED, stderr
    assert "Traceback" not in stderr
    assert json.loads(stdout) == [["apply storage", "apply loki", "roll back loki", "roll back storage"], None]
    (record,) = records(tmp_path)
    assert record == {"outcome": "interrupted", "failed_at": ["loki.apply"], "rolled_back": ["loki", "storage"]}
    (message,) = finding_messages(tmp_path)
    assert message.startswith("local: the rollout was interrupted at loki.apply; rolled back: loki, storage.")


def test_second_ctrl_c_during_rollback_is_recorded_as_failed_rollback(
    platform: MemoryPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "verify_stage", raising(KeyboardInterrupt()))
    monkeypatch.setattr(platform, "roll_back", raising(KeyboardInterrupt()))
    assert up().exit_code == INTERRUPTED
    (record,) = records(tmp_path)
    assert record == {"outcome": "interrupted", "failed_at": ["storage.verify", "roll_back"], "rolled_back": []}


def test_defect_in_a_stage_is_recorded_and_raised_again(
    platform: MemoryPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "verify_stage", raising(ZeroDivisionError("division by zero")))
    assert isinstance(up().exception, ZeroDivisionError)
    (record,) = records(tmp_path)
    assert (record["outcome"], record["failed_at"]) == ("failed", ["storage.verify"])


def test_failed_stage_is_reported_and_recorded(platform: MemoryPlatform, tmp_path: Path) -> None:
    platform.breaks = {"loki"}
    result = up()
    assert result.exit_code == 1
    assert "loki.apply: starting main-loki-0: FATAL" in result.stderr
    assert result.stderr.splitlines()[-1] == "local: the rollout failed at loki.apply; rolled back: loki, storage"
    assert [record["outcome"] for record in records(tmp_path)] == ["failed"]


def test_rollout_without_changes_closes_the_finding_of_a_failed_rollout(
    platform: MemoryPlatform, tmp_path: Path
) -> None:
    failed = RolloutResult("local", RolloutOutcome.FAILED, {"loki.apply": "boom"}, (), {})
    write_record(ResultsStore(str(tmp_path)), RolloutRecord(failed, "failed", NOON, "d1" * 32, None))
    assert len(finding_messages(tmp_path)) == 1
    platform.wanted = dict(platform.at)
    assert up().exit_code == 0
    assert [record["outcome"] for record in records(tmp_path)] == ["failed", "nothing to change"]
    assert finding_messages(tmp_path) == []


def test_lease_that_cannot_be_acquired_is_reported_in_one_message(
    platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = "acquiring the lease: process 7 is changing .logops/local and has not ended within 30 s. Wait for it."
    monkeypatch.setattr(platform, "acquire_lease", raising(PlatformError(refusal)))
    result = up()
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == f"rolling out local: {refusal}"
    assert "Traceback" not in result.output
    assert platform.did == []


def test_lease_of_another_run_is_reported_in_one_message(platform: MemoryPlatform) -> None:
    platform.acquire_lease("another run")
    result = up()
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "rolling out local: held by another run"
    assert platform.did == []


def test_unlock_releases_the_lease_and_says_so(platform: MemoryPlatform) -> None:
    platform.acquire_lease("dead")
    result = unlock("dead")
    assert (result.exit_code, result.stderr) == (0, "local: the lease of dead is released. A rollout can start.\n")
    assert platform.owner is None


@pytest.mark.parametrize("owner", ["", "other"])
def test_unlock_of_a_run_that_holds_no_lease_fails_and_changes_nothing(platform: MemoryPlatform, owner: str) -> None:
    platform.acquire_lease("alive")
    result = unlock(owner)
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"unlocking local: the run {owner!r} does not hold the lease, so nothing was changed."
    )
    assert platform.owner == "alive"
