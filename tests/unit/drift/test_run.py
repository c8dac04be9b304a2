"""Results of whole runs: nothing that was not compared is shown as declared."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.drift import run as drift_run
from logops.drift.run import DriftRequest, DriftResult, run_drift
from logops.findings.store import ResultsStore
from logops.platforms.platform import PlatformError, ProcessStatus
from logops.render import Files
from logops.stages import Stage
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FILES = Files({"tenants/main.yaml": "overrides: {}\n"})


@pytest.fixture(autouse=True)
def _looks_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift_run, "SETTLE_S", 0.0)


@pytest.fixture
def platform() -> MemoryPlatform:
    """A platform on which the stage `tenants` was rolled out."""
    platform = MemoryPlatform(environment("local"), {"tenants": FILES, "agents": Files({})})
    platform.apply("tenants", FILES, "manual__run", print)
    return platform


def run(platform: MemoryPlatform, folder: Path, *stages: Stage) -> DriftResult:
    request = DriftRequest("run", NOON, stages)
    return run_drift(platform, request, ResultsStore(str(folder)), lambda _: None)


def verdicts(result: DriftResult) -> list[str]:
    return [part.verdict for part in result.parts]


def test_stopped_environment_is_not_compared(
    platform: MemoryPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = ProcessStatus("main-ruler-0", "loki", "STOPPED", ready=False)
    monkeypatch.setattr(platform, "processes", lambda: [stopped])
    result = run(platform, tmp_path, "tenants")
    assert (verdicts(result), result.failed) == (["not compared"], True)
    assert result.headline == "not everything was compared: 1 reason"


def test_stage_that_cannot_be_read_is_not_compared(
    platform: MemoryPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def live(stage: Stage) -> Files:
        raise PlatformError("reading the live files: permission denied.")

    monkeypatch.setattr(platform, "live", live)
    result = run(platform, tmp_path, "tenants")
    assert (verdicts(result), result.failed) == (["not compared"], True)
    assert result.findings[0].message == (
        "Not compared: the stage tenants (reading the live files: permission denied). Whether it drifted is unknown."
    )


def test_stage_that_was_never_rolled_out_is_no_drift(platform: MemoryPlatform, tmp_path: Path) -> None:
    result = run(platform, tmp_path, "agents", "tenants")
    assert (verdicts(result), result.failed) == (["not rolled out", "as declared"], False)


def test_platform_that_is_only_read_says_what_is_not_compared(tmp_path: Path) -> None:
    result = run(MemoryPlatform(environment("production"), {}), tmp_path, "agents", "rules")
    assert verdicts(result) == ["not compared"] * 2
    assert result.notes[0].startswith(
        "Not compared, because there is no login to the cluster: objects, rules and agents."
    )
