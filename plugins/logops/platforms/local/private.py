"""Keep other users of the machine out of a folder."""

import stat
from pathlib import Path

from logops.platforms.local.atomic import writing

UMASK = 0o077
"""The rights of the group and of all other users, which no file gets."""


def make_private(folder: Path) -> None:
    """Create a folder that only its owner can enter, or make an existing folder so. Raises PlatformError."""
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
        if mode & UMASK:
            folder.chmod(stat.S_IMODE(mode) & ~UMASK)
