"""Find a program: the path that the user set, else PATH, else the cache."""

import os
import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from logops.toolchain.cache import cache_folder
from logops.toolchain.errors import WrongProgramError
from logops.toolchain.go_module import go_module_entry
from logops.toolchain.npm_package import npm_package_entry
from logops.toolchain.programs import PROGRAMS, GoModule, NpmPackage, Program, Recipe
from logops.toolchain.runtimes import NODE, find_runtime
from logops.toolchain.versions import version_of


class Origin(StrEnum):
    VARIABLE = "variable"
    """A variable such as LOGOPS_LOKI."""
    PATH = "path"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Resolved:
    program: Program
    origin: Origin
    command: tuple[str, ...]
    """The command line, without the program's arguments. For Azurite: Node and a script."""


def find(program: Program) -> Resolved | None:
    """Return the program in the version that logops needs, or None.

    It starts nothing, except once per program on PATH to ask for its version. Raises WrongProgramError if the user's
    variable names another program.
    """
    if set_path := os.environ.get(program.variable):
        return Resolved(program, Origin.VARIABLE, (str(_checked(program, set_path)),))
    if (on_path := _on_path(program)) and version_of(on_path, program.version_arguments) == program.version:
        return Resolved(program, Origin.PATH, (str(on_path),))
    if command := _cached(program):
        return Resolved(program, Origin.CACHE, command)
    return None


def _checked(program: Program, set_path: str) -> Path:
    path = Path(set_path).expanduser().absolute()
    advice = f"logops needs {program.name} {program.version}: correct or unset {program.variable}."
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise WrongProgramError(f"{program.variable} is {set_path!r}, which is not a file that can be run; {advice}")
    version = version_of(path, program.version_arguments)
    if version != program.version:
        command_line = " ".join((str(path), *program.version_arguments))
        problem = f"is version {version}" if version else f"gives no version (`{command_line}`)"
        raise WrongProgramError(f"{program.variable} is {set_path!r}, which {problem}; {advice}")
    return path


def _on_path(program: Program) -> Path | None:
    executable = shutil.which(program.executable)
    return Path(executable).absolute() if executable else None


def cache_entry(recipe: Recipe) -> Path:
    """Return the folder of a recipe's programs in the cache."""
    match recipe:
        case GoModule():
            return go_module_entry(recipe)
        case NpmPackage():
            return npm_package_entry(recipe)


def _cached(program: Program) -> tuple[str, ...] | None:
    folder = cache_entry(program.recipe)
    match program.recipe:
        case GoModule():
            built = folder / "bin" / program.executable
            return (str(built),) if built.is_file() else None
        case NpmPackage(main=script, node=at_least):
            main = folder / script
            node = find_runtime(NODE, at_least) if main.is_file() else None
            return (str(node), str(main)) if node else None


def how_to_provide(programs: tuple[Program, ...]) -> str:
    """Return the two ways to provide programs, and which programs on PATH were rejected."""
    names = ", ".join(program.name for program in programs)
    variables = " ".join(f"{program.variable}=/path/to/{program.executable}" for program in programs)
    passed_over = "".join(
        f"\n  ({path} is on PATH, but its version is {version_of(path, program.version_arguments) or 'unknown'})"
        for program in programs
        if (path := _on_path(program))
    )
    named = "".join(f" {program.name}" for program in programs if program.name not in PROGRAMS)
    return (
        f"Provide {names} {programs[0].version} in one of two ways:\n"
        f"  1. Have it already: set {variables}, or put it on PATH.{passed_over}\n"
        f"  2. Build it: run `logops toolchain{named}` where there is a network, or copy the folder "
        f"{cache_folder()} from a machine that has done so."
    )
