"""A project folder for tests of commands: the real include/ and tools/, and environments of the test."""

from collections.abc import Sequence
from pathlib import Path

from logops.environment import Environment
from logops.toolchain import project_root


def write_project(folder: Path, environments: Sequence[Environment] = ()) -> Path:
    """Make a folder usable as `LOGOPS_HOME`, and return it. Default: the environments of this checkout."""
    checkout = project_root()
    (folder / "include").mkdir(parents=True, exist_ok=True)
    linked = ["tools", "include/logql", "include/prices", "include/secrets"]
    linked += [] if environments else ["include/environments"]
    for name in linked:
        if not (folder / name).exists():
            (folder / name).symlink_to(checkout / name)
    for environment in environments:
        file = folder / "include/environments" / f"{environment.name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(environment.model_dump_json(by_alias=True, exclude_none=True))
    return folder
