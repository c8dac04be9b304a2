"""The lock that allows one process at a time to change an environment."""

import os
from pathlib import Path

import pytest

from logops.platforms.local.lock import locked
from logops.platforms.platform import PlatformError


def test_held_lock_is_refused_with_process_and_work_of_holder(tmp_path: Path) -> None:
    file = tmp_path / "changing.lock"
    progress: list[str] = []
    with (
        locked(file, "applying loki", progress.append),
        pytest.raises(PlatformError, match=f"process {os.getpid()} \\(applying loki\\) is changing"),
        locked(file, "applying agents", progress.append, patience=0.0),
    ):
        pytest.fail("two were in at once")


def test_lock_is_released_after_an_error(tmp_path: Path) -> None:
    file = tmp_path / "changing.lock"
    with pytest.raises(ValueError, match="boom"), locked(file, "applying loki", print):
        raise ValueError("boom")
    with locked(file, "applying loki", print, patience=0.0):
        pass
