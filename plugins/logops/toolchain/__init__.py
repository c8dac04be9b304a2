"""Find or build the programs that logops runs: Loki's four, Promtail, Prometheus and Azurite.

A program is taken from the path that the user set (LOGOPS_LOKI, LOGOPS_PROMTAIL, ...), from PATH if the version is
right, or from the cache. `ensure` builds missing ones from the lock files in tools/.

>>> command("loki")                                                      # doctest: +SKIP
('/home/me/.cache/logops/loki-3.7.8-linux-x86_64-1a2b3c4d5e6f/bin/loki',)
"""

from collections.abc import Iterable

from logops.toolchain.cache import cache_folder
from logops.toolchain.errors import (
    BuildError,
    ProgramMissingError,
    ProjectNotFoundError,
    ToolchainError,
    WrongProgramError,
)
from logops.toolchain.programs import KUBERNETES_PROGRAMS, PROGRAMS, SERVICES, Program
from logops.toolchain.progress import Event, Progress, State, quiet
from logops.toolchain.project import project_root
from logops.toolchain.provide import find_or_raise, provide
from logops.toolchain.resolve import Origin, Resolved

__all__ = [
    "ALL_PROGRAMS",
    "PROGRAMS",
    "SERVICES",
    "BuildError",
    "Event",
    "Origin",
    "Program",
    "ProgramMissingError",
    "Progress",
    "ProjectNotFoundError",
    "Resolved",
    "State",
    "ToolchainError",
    "WrongProgramError",
    "cache_folder",
    "command",
    "ensure",
    "project_root",
    "quiet",
    "resolve",
]

ALL_PROGRAMS = {**PROGRAMS, **KUBERNETES_PROGRAMS}
"""All programs, including those that are built only if they are named."""


def command(name: str) -> tuple[str, ...]:
    """Return the command line of a program, without arguments. Builds nothing.

    Raises as `resolve` does.
    """
    return resolve(name).command


def resolve(name: str) -> Resolved:
    """Find a program of ALL_PROGRAMS without building it.

    Raises ProgramMissingError if it is nowhere, WrongProgramError if its variable names another program,
    ProjectNotFoundError if tools/ is missing, KeyError if ALL_PROGRAMS has no such name.
    """
    return find_or_raise(ALL_PROGRAMS[name])


def ensure(names: Iterable[str] = tuple(PROGRAMS), progress: Progress = quiet) -> dict[str, Resolved]:
    """Find each program, and build missing ones: minutes for Loki, seconds if all are there.

    Two processes may call it at once: the second waits for the build and uses it. An interrupted build leaves
    nothing that counts. Raises BuildError with the last lines of the failed command and how to provide the program;
    otherwise as `resolve` does.
    """
    return {resolved.program.name: resolved for resolved in provide([ALL_PROGRAMS[name] for name in names], progress)}
