"""Tests of tools/bootstrap.py, which runs before any package is installed."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from logops.toolchain import project_root

BOOTSTRAP = project_root() / "tools/bootstrap.py"


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_bootstrap_imports_only_standard_library() -> None:
    tree = ast.parse(BOOTSTRAP.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_bootstrap_is_valid_python_3_7_syntax() -> None:
    ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("version", [(3, 10), (3, 15)])
def test_unsupported_python_is_reported_with_supported_versions(
    bootstrap: ModuleType, version: tuple[int, int]
) -> None:
    complaint = bootstrap.what_python_lacks(version)
    assert f"{sys.executable} is {version[0]}.{version[1]}" in complaint
    assert "Python 3.11 to 3.14" in complaint


def test_supported_python_on_path_is_proposed(bootstrap: ModuleType, machine: Path) -> None:
    other = machine / "bin/python3.12"
    other.write_text("")
    other.chmod(0o755)
    assert f"make PYTHON={other}" in bootstrap.what_python_lacks((3, 9))


def test_python_without_ensurepip_is_reported_with_package_to_install(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        bootstrap.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find_spec(name)
    )
    complaint = bootstrap.what_python_lacks((3, 12))
    assert "it lacks ensurepip" in complaint
    assert "apt install python3.12-venv" in complaint


def test_python_that_runs_the_tests_is_accepted(bootstrap: ModuleType) -> None:
    assert bootstrap.what_python_lacks(sys.version_info[:2]) is None


def test_uv_pin_returns_pinned_uv_from_requirements(bootstrap: ModuleType) -> None:
    assert bootstrap.uv_pin("uuid6==1.0\nuv==0.13.9\n    # via logops\nuvicorn==0.40\n") == "uv==0.13.9"


def test_bootstrap_python_versions_equal_requires_python_of_project(bootstrap: ModuleType) -> None:
    pyproject = (project_root() / "pyproject.toml").read_text()
    oldest, newest = bootstrap.OLDEST, bootstrap.NEWEST
    assert f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"' in pyproject


def test_link_to_another_virtualenv_is_removed_and_its_target_stays(bootstrap: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "venv").symlink_to(tmp_path / "other")

    bootstrap.remove_link(tmp_path / "venv")

    assert not (tmp_path / "venv").is_symlink()
    assert (tmp_path / "other").is_dir()


def test_state_folder_that_others_can_enter_is_closed(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(bootstrap, "STATE", tmp_path)
    monkeypatch.setattr(bootstrap, "bootstrap", lambda: None)
    assert bootstrap.main() == 0
    assert tmp_path.stat().st_mode & 0o777 == 0o700
