"""Tests of `logops status` and `logops logs` on a running environment."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli.commands.platform import app
from logops.platforms.local import LocalPlatform
from logops.platforms.local.supervisord import Supervisord
from logops.toolchain import project_root
from tests.support.local_platforms import statuses
from tests.support.waiting import wait_for


@pytest.fixture
def logops(platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose environment is the running one."""
    root = platform.state.parents[1]
    if not (root / "tools").exists():
        (root / "tools").symlink_to(project_root() / "tools")
    folder = root / "include" / "environments"
    folder.mkdir(parents=True, exist_ok=True)
    # Every JSON document is valid YAML.
    (folder / "tests.yaml").write_text(platform.environment.model_dump_json(by_alias=True, exclude_none=True))
    monkeypatch.setenv("LOGOPS_HOME", str(root))
    return root


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.usefixtures("logops")
def test_status_shows_processes_and_ring_members() -> None:
    found = run("status", "tests")
    assert found.exit_code == 0
    for shown in ("main-ingester-0", "security-all-0", "azurite", "promtail-main", "ACTIVE", "3.7.8", "20 of 20"):
        assert shown in found.stdout


@pytest.mark.usefixtures("logops")
def test_status_json_has_processes_and_rings() -> None:
    found = json.loads(run("status", "tests", "--json").stdout)
    assert len(found["processes"]) == 20
    assert [member["state"] for member in found["rings"]["main"]] == ["ACTIVE"] * 3


@pytest.mark.usefixtures("logops")
def test_status_exits_with_1_if_process_is_stopped(platform: LocalPlatform) -> None:
    Supervisord(platform.state).stop_process("canary-main")
    wait_for(lambda: statuses(platform)["canary-main"].pid is None)
    found = run("status", "tests")
    platform.apply("agents", platform.desired()["agents"], "tests", print)
    assert found.exit_code == 1
    assert "19 of 20" in found.stdout


@pytest.mark.usefixtures("logops")
def test_logs_shows_last_lines_of_process() -> None:
    found = run("logs", "tests", "azurite", "-n", "1")
    assert found.exit_code == 0
    assert found.stdout.startswith("Azurite Blob service successfully listens on ")
    assert found.stdout.count("\n") == 1


@pytest.mark.usefixtures("logops")
def test_logs_of_unknown_process_is_refused_with_known_names() -> None:
    found = run("logs", "tests", "main-ingestor-0")
    assert found.exit_code == 2
    assert "main-ingester-0" in found.stderr


def test_status_of_environment_never_applied_shows_start_command(logops: Path) -> None:
    file = logops / "include" / "environments" / "tests.yaml"
    file.with_name("never.yaml").write_text(file.read_text().replace('"name":"tests"', '"name":"never"'))
    found = run("status", "never")
    assert found.exit_code == 1
    assert "logops up never" in found.stderr
