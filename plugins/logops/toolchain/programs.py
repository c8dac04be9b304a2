"""The programs that logops runs, their versions, and how they are built."""

from dataclasses import dataclass

LOKI_VERSION = "3.7.8"
PROMTAIL_VERSION = "3.6.15"
AZURITE_VERSION = "3.37.0"
PROMETHEUS_VERSION = "3.5.0"


@dataclass(frozen=True, slots=True)
class GoModule:
    """A module in tools/. Its `tool` lines name the programs; one build creates them all."""

    folder: str
    version: str
    version_symbol: str
    """The variable that the linker sets to `version`, because Go does not know it for a dependency's main package."""
    usual_seconds: float
    """Time of a build without caches on two cores."""


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

_LOKI = GoModule("loki", LOKI_VERSION, _LOKI_BUILD_VERSION, usual_seconds=240)
_PROMTAIL = GoModule("promtail", PROMTAIL_VERSION, _LOKI_BUILD_VERSION, usual_seconds=130)
# The module numbers 3.5.0 as v0.305.0.
_PROMETHEUS = GoModule(
    "prometheus", PROMETHEUS_VERSION, "github.com/prometheus/common/version.Version", usual_seconds=125
)
_AZURITE = NpmPackage(
    "azurite", AZURITE_VERSION, "node_modules/azurite/dist/src/blob/main.js", node="22.0.0", usual_seconds=35
)

PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Program("loki", "loki", ("--version",), _LOKI),
        Program("logcli", "logcli", ("--version",), _LOKI),
        Program("lokitool", "lokitool", ("version",), _LOKI),
        Program("loki-canary", "loki-canary", ("--version",), _LOKI),
        Program("promtail", "promtail", ("--version",), _PROMTAIL),
        Program("prometheus", "prometheus", ("--version",), _PROMETHEUS),
        Program("azurite", "azurite-blob", ("--version",), _AZURITE),
    )
}

SERVICES = ("loki", "loki-canary", "prometheus", "promtail", "azurite")
"""The programs that run as processes of a local environment, in the order in which they are built."""

LOKI_INDEX = Program(
    "loki-index",
    "loki-index",
    ("version",),
    GoModule("loki-index", LOKI_VERSION, _LOKI_BUILD_VERSION, usual_seconds=60),
)
"""Loki's own index builder and reader, for tests and benchmarks only."""
