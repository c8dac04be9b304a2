"""Build the programs of a Go module in tools/."""

import os
import re
from pathlib import Path

from logops.toolchain.cache import cache_folder, entry, filling, fingerprint
from logops.toolchain.command import run_command
from logops.toolchain.errors import BuildError
from logops.toolchain.programs import GoModule
from logops.toolchain.progress import Progress, Step, step
from logops.toolchain.project import recipe_folder
from logops.toolchain.runtimes import GO, provide_runtime, runtime_entry

# Leave out the discovery of targets in other clouds: much code that nobody here uses. Loki finds Alertmanagers by DNS.
_TAGS = "remove_all_sd,enable_dns_sd,enable_kubernetes_sd"
# The linker drops debug information (-s -w), so do not create it. All builds have the same flags, so that they share
# compiled packages.
_COMPILER = "all=-dwarf=false"
# A compiler is a short process with much memory to spare: less garbage collection saves a fifth of its time.
_GARBAGE_COLLECTION = {"GOGC": "400"}
# Without cgo: no C compiler is needed, and the result is the same on every machine.
_ENVIRONMENT = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
_FETCH_SECONDS = 40.0
_GO_LINE = re.compile(r"^go (\S+)$", re.MULTILINE)


def go_module_entry(recipe: GoModule) -> Path:
    """Return the module's folder in the cache."""
    source = _source(recipe.folder)
    how = f"{build_arguments(recipe)} {_ENVIRONMENT}"
    ours = sorted(source.glob("*.go"))
    return entry(recipe.folder, recipe.version, fingerprint((source / "go.mod", source / "go.sum", *ours), how))


def build_arguments(recipe: GoModule) -> tuple[str, ...]:
    """Return the arguments of `go build`, except the output."""
    link = f"-s -w -X {recipe.version_symbol}={recipe.version_prefix}{recipe.version}"
    flags = ("-mod=readonly", "-trimpath", "-tags", _TAGS, "-gcflags", _COMPILER, "-ldflags", link)
    return ("build", "-v", *flags, *recipe.packages)


def required_go(go_mod: str) -> str:
    """Return the minimum version of Go in a go.mod. Raises BuildError if it has no `go` line."""
    match = _GO_LINE.search(go_mod)
    if match is None:
        raise BuildError("go.mod has no line `go VERSION`")
    return match.group(1)


async def fetch_go_modules(folder: str, progress: Progress) -> None:
    """Fetch the source of every module that the builds of a folder in tools/ need. Raises BuildError.

    It mostly waits for the network, so it can run while another build compiles.
    """
    source = _source(folder)
    with step(f"fetch the modules of {folder}", _FETCH_SECONDS, progress) as fetching:
        go = await provide_runtime(GO, required_go((source / "go.mod").read_text()), progress)
        await run_command(
            # Resolving every import fetches what the builds read, and nothing else. The output is not needed.
            (str(go), "list", "-deps", "-mod=readonly", "-tags", _TAGS, "-f", "{{with .Error}}{{.}}{{end}}", "tool"),
            cwd=source,
            env=_environment(go),
            step=fetching,
            on_line=_Counter(fetching).read,
        )


async def build_go_module(recipe: GoModule, what: str, progress: Progress) -> None:
    """Build the module's programs into the cache, unless they are there. Raises BuildError."""
    source = _source(recipe.folder)
    with step(what, recipe.usual_seconds, progress) as building:
        async with filling(go_module_entry(recipe), building.wait_for) as folder:
            if folder is None:
                return
            go = await provide_runtime(GO, required_go((source / "go.mod").read_text()), progress)
            (folder / "bin").mkdir()
            command, *arguments = build_arguments(recipe)
            await run_command(
                (str(go), command, "-o", f"{folder / 'bin'}{os.sep}", *arguments),
                cwd=source,
                env=_environment(go),
                step=building,
                on_line=_Counter(building).read,
            )


def go_kept() -> Path:
    """The folder for the modules and compiled packages of the Go from PyPI: gigabytes."""
    return cache_folder() / "go-kept"


def _source(folder: str) -> Path:
    return recipe_folder(folder, "go.mod", "go.sum")


def _environment(go: Path) -> dict[str, str]:
    environment = {**_GARBAGE_COLLECTION, **os.environ, **_ENVIRONMENT}
    if go.is_relative_to(runtime_entry(GO)):
        # A machine without Go should get no Go folders in its home. Go makes modules read-only by default, so that they
        # could not be removed.
        environment |= {
            "GOCACHE": str(go_kept() / "build"),
            "GOMODCACHE": str(go_kept() / "modules"),
            "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
        }
        environment.pop("GOROOT", None)
    return environment


class _Counter:
    """Count the output of `go build -v`: one line per fetched module, one line per compiled package."""

    def __init__(self, building: Step) -> None:
        self._step = building
        self._modules = 0
        self._packages = 0

    def read(self, line: str) -> None:
        if line.startswith("go: downloading "):
            self._modules += 1
        elif line and " " not in line:
            self._packages += 1
        else:
            return
        counts = ((self._modules, "modules fetched"), (self._packages, "packages compiled"))
        self._step.detail = ", ".join(f"{count} {what}" for count, what in counts if count)
