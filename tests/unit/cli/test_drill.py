"""`logops quickstart drill`: what it says where it cannot start."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.console import BAD_INPUT

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing was ever started."""
    for name in ("tools", "include"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    return tmp_path


def drill(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["quickstart", "drill", *arguments])


def test_drill_where_airflow_does_not_run_says_what_to_do_first(project: Path) -> None:
    result = drill("local", "lost-chunk")

    assert result.exit_code == BAD_INPUT
    assert result.stderr == (
        "Starting a drill on local: Airflow does not run. Run `make up` first. Nothing was broken.\n"
    )


def test_drill_on_an_environment_that_is_not_local_is_refused_with_its_platform(project: Path) -> None:
    result = drill("production", "lost-chunk")

    assert result.exit_code == BAD_INPUT
    assert result.stderr.startswith("Environment production is for Kubernetes.")


def test_drill_with_an_unknown_scenario_names_those_that_exist(project: Path) -> None:
    result = drill("local", "flood")

    assert result.exit_code == BAD_INPUT
    assert result.stderr == (
        "Starting a drill: there is no scenario 'flood'. Choose one of: lost-chunk, changed-limit, silent-source\n"
    )


def test_drill_without_a_scenario_and_without_a_terminal_shows_the_menu(project: Path) -> None:
    result = drill("local")

    assert result.exit_code == BAD_INPUT
    assert "2  changed-limit  A limit of a tenant is raised by hand" in result.stdout
    assert result.stderr == "Choose one: logops quickstart drill local SCENARIO\n"
