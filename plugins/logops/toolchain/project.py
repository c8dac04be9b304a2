"""Find the checkout: the folder that holds tools/, include/ and dags/."""

import os
from pathlib import Path

from logops.toolchain.errors import ProjectNotFoundError

_CHECKOUT = Path(__file__).resolve().parents[3]


def project_root() -> Path:
    """Return the checkout's folder: `$LOGOPS_HOME`, else the folder that this package is imported from (a checkout, or
    an editable install of it).

    Raises ProjectNotFoundError if that folder has no tools/.
    """
    home = os.environ.get("LOGOPS_HOME")
    root = Path(home).expanduser().resolve() if home else _CHECKOUT
    if (root / "tools").is_dir():
        return root
    where = f"LOGOPS_HOME is {home!r}" if home else f"logops is imported from {Path(__file__).parents[1]}"
    raise ProjectNotFoundError(
        f"The folder tools/, which says how programs are built, is not in {root} ({where}). "
        "Set LOGOPS_HOME to a checkout of logops, or install one with `pip install --editable CHECKOUT`."
    )


def recipe_folder(name: str, *needed: str) -> Path:
    """Return a folder in tools/. Raises ProjectNotFoundError if a file that its build needs is missing."""
    folder = project_root() / "tools" / name
    for file in needed:
        if not (folder / file).is_file():
            raise ProjectNotFoundError(
                f"There is no {folder / file}, which says how {name} is built: the checkout is incomplete. "
                "Restore it, or set LOGOPS_HOME to one that is whole."
            )
    return folder
