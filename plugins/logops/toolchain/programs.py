"""The programs that logops runs, their versions, and how they are built."""

from dataclasses import dataclass

LOKI_VERSION = "3.7.8"
PROMTAIL_VERSION = "3.6.15"
AZURITE_VERSION = "3.37.0"
PROMETHEUS_VERSION = "3.12.0"
ALERTMANAGER_VERSION = "0.31.1"


@dataclass(frozen=True, slots=True)
class GoModule:
    """Programs of a module in tools/ that one build creates."""

    folder: str
    version: str
    version_symbol: str
    """The variable that the linker sets to `version`, because Go does not know it for a dependency's main package."""
    usual_seconds: float
    """Time of a build on two cores, after the builds before it in PROGRAMS and without other caches."""
    packages: tuple[str, ...] = ("tool",)
    """The programs' Go packages. `tool` means all packages in go.mod's `tool` lines."""


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """A package in tools/, installed from its lock file."""

    folder: str
    version: str
    main: str
    """The script that Node runs, relative to the installed package."""
    node: str
    """The minimum version of Node, from the package's `engines`."""
    usual_seconds: float


Recipe = GoModule | NpmPackage


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    executable: str
    """Its file name on PATH."""
    version_arguments: tuple[str, ...]
    """The arguments that print its version."""
    recipe: Recipe

    @property
    def version(self) -> str:
        return self.recipe.version

    @property
    def variable(self) -> str:
        """The environment variable for a path given by a person, such as LOGOPS_LOKI_CANARY."""
        return "LOGOPS_" + self.name.upper().replace("-", "_")


# pkg/util/build/build.go of Loki; Promtail, in the same repository, prints the same variable.
_LOKI_BUILD_VERSION = "github.com/grafana/loki/v3/pkg/util/build.Version"

_LOKI_COMMANDS = "github.com/grafana/loki/v3/cmd"

_LOKI = GoModule(
    "loki",
    LOKI_VERSION,
    _LOKI_BUILD_VERSION,
    usual_seconds=240,
    packages=(f"{_LOKI_COMMANDS}/loki", f"{_LOKI_COMMANDS}/loki-canary"),
)
# No process of an environment needs these: they are built last.
_LOKI_TOOLS = GoModule(
    "loki",
    LOKI_VERSION,
    _LOKI_BUILD_VERSION,
    usual_seconds=20,
    packages=(f"{_LOKI_COMMANDS}/logcli", f"{_LOKI_COMMANDS}/lokitool"),
)
_PROMTAIL = GoModule("promtail", PROMTAIL_VERSION, _LOKI_BUILD_VERSION, usual_seconds=110)
# The module numbers 3.12.0 as v0.312.0.
_PROMETHEUS = GoModule(
    "prometheus",
    PROMETHEUS_VERSION,
    "github.com/prometheus/common/version.Version",
    usual_seconds=40,
    packages=("github.com/prometheus/prometheus/cmd/prometheus",),
)
# Only tests of rules need it.
_PROMTOOL = GoModule(
    "prometheus",
    PROMETHEUS_VERSION,
    "github.com/prometheus/common/version.Version",
    usual_seconds=20,
    packages=("github.com/prometheus/prometheus/cmd/promtool",),
)
# 0.32 and later cannot be built from the module: their pages are not in it.
_ALERTMANAGER = GoModule(
    "alertmanager", ALERTMANAGER_VERSION, "github.com/prometheus/common/version.Version", usual_seconds=30
)
_AZURITE = NpmPackage(
    "azurite", AZURITE_VERSION, "node_modules/azurite/dist/src/blob/main.js", node="22.0.0", usual_seconds=35
)

PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Program("loki", "loki", ("--version",), _LOKI),
        Program("loki-canary", "loki-canary", ("--version",), _LOKI),
        Program("prometheus", "prometheus", ("--version",), _PROMETHEUS),
        Program("alertmanager", "alertmanager", ("--version",), _ALERTMANAGER),
        Program("amtool", "amtool", ("--version",), _ALERTMANAGER),
        Program("promtail", "promtail", ("--version",), _PROMTAIL),
        Program("azurite", "azurite-blob", ("--version",), _AZURITE),
        Program("logcli", "logcli", ("--version",), _LOKI_TOOLS),
        Program("lokitool", "lokitool", ("version",), _LOKI_TOOLS),
        Program("promtool", "promtool", ("--version",), _PROMTOOL),
    )
}
"""All programs, in the order in which they are built."""

SERVICES = ("loki", "loki-canary", "prometheus", "alertmanager", "promtail", "azurite")
"""The programs that run as processes of a local environment, in the order in which they are built."""

LOKI_INDEX = Program(
    "loki-index",
    "loki-index",
    ("version",),
    GoModule("loki-index", LOKI_VERSION, _LOKI_BUILD_VERSION, usual_seconds=60),
)
"""Loki's own index builder and reader, for tests and benchmarks only."""
