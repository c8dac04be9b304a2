"""The programs logops runs: Loki's four, Promtail, Prometheus and Azurite, found or built.

A program is looked for in the path that the user set (LOGOPS_LOKI, LOGOPS_PROMTAIL, ...), on PATH where its
version is right, and in the cache. `ensure` builds what is in none of them, from the lock files under tools/.

>>> command("loki")                                                      # doctest: +SKIP
('/home/me/.cache/logops/clients/loki-3.7.8-linux-x86_64-1a2b3c4d5e6f/bin/loki',)
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
from logops.toolchain.programs import PROGRAMS, Program
from logops.toolchain.progress import Event, Progress, State, quiet
from logops.toolchain.project import project_root
from logops.toolchain.provide import find_or_raise, provide
from logops.toolchain.resolve import Origin, Resolved

__all__ = [
    "PROGRAMS",
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


def command(name: str) -> tuple[str, ...]:
    """What to run for a program, to which its arguments are added. Builds nothing, and is quick.

    Raises as `resolve` does.
    """
    return resolve(name).command


def resolve(name: str) -> Resolved:
    """Where a program of PROGRAMS is, without building it.

    Raises ProgramMissingError where it is nowhere, WrongProgramError where its variable names something else,
    ProjectNotFoundError where tools/ is missing, KeyError where PROGRAMS has no such name.
    """
    return find_or_raise(PROGRAMS[name])


def ensure(names: Iterable[str] = tuple(PROGRAMS), progress: Progress = quiet) -> dict[str, Resolved]:
    """Where each program is, building those that are nowhere: minutes for Loki, seconds when all are there.

    Safe to call from two processes at once: the second waits for the first's build and uses it. Interrupted or
    killed, it leaves nothing that counts. Raises BuildError where a build failed, with the command's last lines
    and how to provide the program; otherwise as `resolve` does.
    """
    return {found.program.name: found for found in provide([PROGRAMS[name] for name in names], progress)}
