"""Folders that only their owner can enter."""

import stat
from pathlib import Path

import pytest

from logops.platforms.local.private import make_private


def mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def test_new_folder_is_private(tmp_path: Path) -> None:
    make_private(tmp_path / "state")
    assert mode(tmp_path / "state") == 0o700


@pytest.mark.parametrize("wide", [0o755, 0o777, 0o750])
def test_existing_folder_is_made_private(tmp_path: Path, wide: int) -> None:
    tmp_path.chmod(wide)
    make_private(tmp_path)
    assert mode(tmp_path) == 0o700
