"""The script that draws the pictures of the documents."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs/images/draw.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_picture_of_an_audit_shows_its_three_findings(draw: ModuleType, tmp_path: Path) -> None:
    draw.draw_findings(tmp_path / "findings.svg", tmp_path)
    text = (tmp_path / "findings.svg").read_text()

    assert [name for name in ("chunk-missing", "chunk-orphaned", "index-tiered") if name not in text] == []


def test_picture_of_the_history_marks_the_slower_query(draw: ModuleType, tmp_path: Path) -> None:
    draw.draw_history(tmp_path / "history.svg", tmp_path / "project")
    text = (tmp_path / "history.svg").read_text()

    results = re.findall(r"(\w+) over 1h, 45 nights, [^:]*: cold ([^;]*);", text)
    assert [query for query, result in results if "times since" in result] == ["errors"]
    assert "latency" in dict(results)
