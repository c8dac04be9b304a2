"""The programs that logops runs, their versions, and how they are built."""

from dataclasses import dataclass

LOKI_VERSION = "3.7.8"
PROMTAIL_VERSION = "3.6.15"
AZURITE_VERSION = "3.37.0"
PROMETHEUS_VERSION = "3.12.0"
ALERTMANAGER_VERSION = "0.31.1"
HELM_VERSION = "4.3.1"
KUBERNETES_VERSION = "1.37.2"
ETCD_VERSION = "3.7.3"
KWOK_VERSION = "0.8.0"


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
    version_prefix: str = ""
    """Text before the version in that variable: Kubernetes' programs do not start without their `v`."""


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

_KUBERNETES_COMMANDS = "k8s.io/kubernetes/cmd"
_HELM = GoModule(
    "kubernetes",
    HELM_VERSION,
    "helm.sh/helm/v4/internal/version.version",
    usual_seconds=85,
    packages=("helm.sh/helm/v4/cmd/helm",),
)
# The version of the API server: charts refuse a cluster that is too old.
_KUBERNETES = GoModule(
    "kubernetes",
    KUBERNETES_VERSION,
    "k8s.io/component-base/version.gitVersion",
    usual_seconds=280,
    packages=tuple(
        f"{_KUBERNETES_COMMANDS}/{name}" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ),
    version_prefix="v",
)
# Its version is a constant in its source: the linker sets nothing.
_ETCD = GoModule("kubernetes", ETCD_VERSION, "main.version", usual_seconds=15, packages=("go.etcd.io/etcd/server/v3",))
_KWOK = GoModule(
    "kubernetes",
    KWOK_VERSION,
    "sigs.k8s.io/kwok/pkg/consts.Version",
    usual_seconds=30,
    packages=("sigs.k8s.io/kwok/cmd/kwok",),
)

KUBERNETES_PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Program("helm", "helm", ("version", "--short"), _HELM),
        Program("kube-apiserver", "kube-apiserver", ("--version",), _KUBERNETES),
        Program("kube-controller-manager", "kube-controller-manager", ("--version",), _KUBERNETES),
        Program("kube-scheduler", "kube-scheduler", ("--version",), _KUBERNETES),
        # Go names the program after the folder of its module.
        Program("etcd", "server", ("--version",), _ETCD),
        Program("kwok", "kwok", ("--version",), _KWOK),
    )
}
"""An API server of Kubernetes without nodes, and Helm: for tests of the platform `kubernetes` only."""

LOKI_INDEX = Program(
    "loki-index",
    "loki-index",
    ("version",),
    GoModule("loki-index", LOKI_VERSION, _LOKI_BUILD_VERSION, usual_seconds=60),
)
"""Loki's own index builder and reader, for tests and benchmarks only."""
