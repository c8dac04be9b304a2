"""Find programs, and build missing ones."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from logops.toolchain.cache import cache_folder, kept
from logops.toolchain.errors import BuildError, ProgramMissingError
from logops.toolchain.go_module import build_go_module, fetch_go_modules, go_kept
from logops.toolchain.npm_package import install_npm_package
from logops.toolchain.programs import PROGRAMS, GoModule, Program, Recipe
from logops.toolchain.progress import Progress
from logops.toolchain.resolve import Resolved, cache_entry, find, how_to_provide

_Build = tuple[Recipe, tuple[Program, ...]]


def provide(programs: Sequence[Program], progress: Progress) -> list[Resolved]:
    """Return every program; build missing ones.

    Go builds use every core and run one after another. What mostly waits for the network runs beside them: npm, and
    fetching the sources of all Go builds.

    Raises BuildError with the message of each failed build, after all other builds have ended.
    """
    if builds := missing_builds(programs):
        try:
            asyncio.run(_build_all(builds, progress))
        except OSError as error:
            raise BuildError(
                f"The cache {cache_folder()} cannot be written: {error}. Set LOGOPS_CACHE to a folder that can."
            ) from error
    return [_built(program) for program in programs]


def _built(program: Program) -> Resolved:
    resolved = find(program)
    if resolved is None:
        folder = cache_entry(program.recipe)
        raise BuildError(
            f"{program.name} is not in {folder}, where its build puts it: remove that folder, and run again."
        )
    return resolved


def find_or_raise(program: Program) -> Resolved:
    resolved = find(program)
    if resolved is None:
        raise ProgramMissingError(f"{program.name} is missing. {how_to_provide((program,))}")
    return resolved


def missing_builds(programs: Iterable[Program]) -> list[_Build]:
    """Return the builds for missing programs: each recipe once, with its programs."""
    by_recipe: dict[Recipe, list[Program]] = {}
    for program in programs:
        if find(program) is None:
            by_recipe.setdefault(program.recipe, []).append(program)
    return [(recipe, tuple(programs_of_recipe)) for recipe, programs_of_recipe in by_recipe.items()]


async def _build_all(builds: list[_Build], progress: Progress) -> None:
    go = [build for build in builds if isinstance(build[0], GoModule)]
    npm = [build for build in builds if not isinstance(build[0], GoModule)]
    with kept(go_kept(), progress, is_needed=lambda: bool(missing_builds(PROGRAMS.values()))):
        go_failures, npm_failures = await asyncio.gather(_go_builds(go, progress), _in_turn(npm, progress))
        if failures := go_failures + npm_failures:
            raise BuildError("\n\n".join(failures))


async def _go_builds(builds: list[_Build], progress: Progress) -> list[str]:
    """Start to fetch everything, and build each program as soon as its own sources are there."""
    fetches = {
        folder: asyncio.create_task(fetch_go_modules(folder, progress))
        for folder in dict.fromkeys(recipe.folder for recipe, _ in builds if isinstance(recipe, GoModule))
    }
    try:
        return await _in_turn(builds, progress, fetches)
    finally:
        for fetch in fetches.values():
            fetch.cancel()
        await asyncio.gather(*fetches.values(), return_exceptions=True)


async def _in_turn(
    builds: list[_Build], progress: Progress, fetches: Mapping[str, "asyncio.Task[None]"] = MappingProxyType({})
) -> list[str]:
    failures = []
    for recipe, programs in builds:
        names = ", ".join(program.name for program in programs)
        try:
            if fetch := fetches.get(recipe.folder):
                await fetch
            await _build(recipe, f"{names} {recipe.version}", progress)
        except BuildError as error:
            failures.append(f"{names} {recipe.version} could not be built: {error}\n{how_to_provide(programs)}")
    return failures


async def _build(recipe: Recipe, names: str, progress: Progress) -> None:
    match recipe:
        case GoModule():
            await build_go_module(recipe, f"build {names}", progress)
        case _:
            await install_npm_package(recipe, f"install {names}", progress)
