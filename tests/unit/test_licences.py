"""Loki is AGPL-3.0 and logops is Apache-2.0: no installed file links or copies Loki's code (decision 11)."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("plugins", "dags")
OURS = {".py", ".json", ".yaml", ".html", ".css", ".js", ".airflowignore", ".typed"}
LOADERS = {"ctypes", "cffi", "gopy", "_ctypes"}
"""Modules that load compiled libraries."""


def files(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.parametrize("folder", FOLDERS)
def test_installed_folder_has_python_and_data_only(folder: str) -> None:
    others = [path for path in files(folder) if (path.suffix or path.name) not in OURS]
    assert others == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_installed_folder_loads_no_compiled_library(folder: str) -> None:
    loading = [
        path
        for path in files(folder)
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and LOADERS & {name.partition(".")[0] for name in imported(node)}
    ]
    assert loading == []


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]


def test_wheel_contains_only_logops_package() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"] == {"packages": ["plugins/logops"]}


def test_tool_that_links_loki_carries_its_licence() -> None:
    module = (ROOT / "tools/loki-index/go.mod").read_text()
    assert "github.com/grafana/loki/v3" in module
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in (ROOT / "tools/loki-index/LICENSE").read_text()
    assert "Nobody installs it" in (ROOT / "tools/loki-index/README.md").read_text()
