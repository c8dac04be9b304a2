"""An isolated machine for each test: an empty PATH, an empty cache, no LOGOPS_* variable."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

FakeExecutable = Callable[[Path, str], Path]


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("LOGOPS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("LOGOPS_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def fake_executable() -> FakeExecutable:
    """Return a function that writes a script. The script prints a fixed text and ignores its arguments."""

    def write(path: Path, prints: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{prints}'\n")
        path.chmod(0o755)
        return path

    return write
