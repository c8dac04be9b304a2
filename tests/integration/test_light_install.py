"""Tests of `pip install logops` without extras: what works, what is not installed, how a missing extra is reported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logops.cli.lazy import COMMANDS

ROOT = Path(__file__).parents[2]
HEAVY = ("airflow", "azure", "duckdb", "numba", "numpy", "pandas", "pyarrow", "requests", "scipy", "vl_convert")

VALUES = """\
loki:
  auth_enabled: true
  limits_config:
    retention_period: 744h
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new virtualenv with only the built wheel and its own dependencies."""
    return install(tmp_path_factory.mktemp("light"))


def install(folder: Path, extras: str = "") -> Path:
    """Build the wheel, install it in a fresh virtualenv, and return its bin folder."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "build", "--wheel", "--out-dir", str(folder), str(ROOT)], check=True)
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder / "venv")], check=True)
    (wheel,) = folder.glob("logops-*.whl")
    python = folder / "venv/bin/python"
    subprocess.run(
        [*uv, "pip", "install", "--compile-bytecode", "--python", str(python), f"{wheel}{extras}"], check=True
    )
    return folder / "venv/bin"


def run(light: Path, *command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LOGOPS"))}
    if cwd == ROOT:
        variables["LOGOPS_HOME"] = str(ROOT)
    return subprocess.run([light / command[0], *command[1:]], cwd=cwd, env=variables, capture_output=True, text=True)


@pytest.mark.parametrize("package", HEAVY)
def test_heavy_package_is_not_installed(light: Path, tmp_path: Path, package: str) -> None:
    ended = run(light, "python", "-c", f"import {package}", cwd=tmp_path)
    assert f"No module named '{package}'" in ended.stderr


def test_logql_lint_works_without_extras(light: Path, tmp_path: Path) -> None:
    ended = run(light, "logops", "logql", "lint", '{job="nginx"} |~ "GET|POST"', cwd=tmp_path)
    assert "regex-for-text" in ended.stdout, ended.stderr
    assert ended.returncode == 1


def test_doctor_works_without_extras(light: Path, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(VALUES)
    ended = run(light, "logops", "doctor", "values.yaml", "--keep", "90d", cwd=tmp_path)
    assert "retention-short" in ended.stdout, ended.stderr
    assert ended.returncode == 1


def test_help_lists_all_commands_without_extras(light: Path, tmp_path: Path) -> None:
    ended = run(light, "logops", "--help", cwd=tmp_path)
    assert ended.returncode == 0
    assert [command.name for command in COMMANDS if command.name not in ended.stdout] == []


def test_package_missing_at_late_import_is_reported_with_extra(light: Path) -> None:
    ended = run(light, "logops", "render", "local", cwd=ROOT)
    assert ended.returncode == 2
    assert "It comes with the extra 'local': pip install 'logops[local]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("audit", ("audit", "usage", "local")),
        ("benchmark", ("bench", "history", "local")),
        ("local", ("render", "local")),
    ],
)
def test_extra_contains_every_package_that_its_commands_import(
    tmp_path: Path, extra: str, command: tuple[str, ...]
) -> None:
    folder = install(tmp_path, f"[{extra}]")
    for entry in (entry for entry in COMMANDS if entry.extra == extra):
        # The help of a command does not import what the command needs to run.
        imported = run(folder, "python", "-c", f"import logops.cli.{entry.module}", cwd=ROOT)
        assert imported.stderr == "", entry.name
    ended = run(folder, "logops", *command, cwd=ROOT)
    assert "is not installed" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_command_of_missing_extra_is_refused_with_install_command(light: Path) -> None:
    ended = run(light, "logops", "audit", "retention", "local", cwd=ROOT)
    assert ended.returncode == 2
    assert "It comes with the extra 'audit': pip install 'logops[audit]'" in ended.stderr
    assert "Traceback" not in ended.stderr
