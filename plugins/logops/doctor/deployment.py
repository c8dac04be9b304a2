"""The value that the rules check: everything that would be deployed, read from files or made from an environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

from logops.doctor.charts import Chart
from logops.doctor.defaults import LOKI_DEFAULTS


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A position in a file: the file and the path of keys in it (`loki.schema_config.configs[0].store`)."""

    file: str
    path: str = ""
    document: int = 0
    """Number of the document, in a file with several."""

    def at(self, *steps: str | int) -> "Location":
        """Return a location below this one. A text is a key, a number is the index of a list element.

        >>> Location("values.yaml", "loki").at("schema_config", "configs", 0, "store").path
        'loki.schema_config.configs[0].store'
        """
        path = self.path
        for step in steps:
            path = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}" if path else step
        return replace(self, path=path)


@dataclass(frozen=True, slots=True)
class RetentionPromise:
    """The retention that was promised to the owners of the logs."""

    keep: timedelta
    hot: timedelta | None = None
    """Minimum time in the Hot access tier; None if nothing was promised."""


@dataclass(frozen=True, slots=True)
class HelmValues:
    """Values of a Helm chart as the user wrote them."""

    location: Location
    data: Mapping[str, Any]
    chart: Chart | None = None
    """The chart, if it installs Loki."""

    def get(self, *keys: str) -> Any:
        """Return the value below the keys; None if there is no value."""
        value: Any = self.data
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def at(self, *steps: str | int) -> Location:
        """Return the location of a value."""
        return self.location.at(*steps)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Loki cluster and the processes that run it."""

    name: str
    location: Location
    """Start of its configuration."""
    config: Mapping[str, Any]
    """The configured keys, in Loki's layout."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: LOKI_DEFAULTS)
    """Values of keys that are not configured, by dotted path: Loki's defaults, or the chart's if it changes them."""
    key_locations: Mapping[str, Location] = field(default_factory=dict)
    """Location in the user's file, by dotted path in Loki's layout, for keys that are not below `location`."""
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Limits by tenant, from the runtime configuration."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """Replicas by Loki's name of the component. A component that is missing here is unknown."""
    volume: str | None = None
    """Mount path of each process's volume; None: unknown."""
    ingester_volume: bool | None = None
    """True if the ingesters' folder is kept when the process is replaced; None: unknown."""
    security: bool = False
    promise: RetentionPromise | None = None
    values: HelmValues | None = None
    """Values of a chart whose keys the doctor knows."""
    chart: Chart | None = None
    """The chart whose values have the configuration."""
    expands_variables: bool | None = None
    """Whether Loki is started with -config.expand-env; None: unknown."""
    is_excerpt: bool = False
    """True if parts of the configuration are elsewhere, for example in a chart's template: a key that is not here may
    be set there."""

    def configured(self, path: str) -> Any:
        """Return the configured value at a dotted path; None if the key is not configured."""
        value: Any = self.config
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def value(self, path: str) -> Any:
        """Return the effective value at a dotted path: the configured value, else the default."""
        configured = self.configured(path)
        return self.defaults.get(path) if configured is None else configured

    def at(self, path: str, *steps: str | int) -> Location:
        """Return the location in the user's file of a dotted path and the steps below it."""
        full = Location("", path).at(*steps).path
        above = [key for key in self.key_locations if full == key or full.startswith((f"{key}.", f"{key}["))]
        if not above:
            return replace(self.location, path=f"{self.location.path}.{full}" if self.location.path else full)
        nearest = max(above, key=len)
        location = self.key_locations[nearest]
        return replace(location, path=location.path + full.removeprefix(nearest))

    def section(self, path: str) -> Mapping[str, Any]:
        """Return the mapping at a dotted path; an empty mapping if the path has no mapping."""
        value = self.configured(path)
        return value if isinstance(value, Mapping) else {}

    def periods(self) -> list[tuple[int, Mapping[str, Any]]]:
        """Return the schema periods with their indexes. Entries that are not mappings are left out."""
        configs = self.configured("schema_config.configs")
        entries = configs if isinstance(configs, list) else []
        return [(index, period) for index, period in enumerate(entries) if isinstance(period, Mapping)]

    def limits(self) -> "Iterator[EffectiveLimits]":
        """Yield the limits of the cluster (tenant ""), then the limits of each tenant with overrides."""
        yield EffectiveLimits(self, "", self.section("limits_config"))
        for tenant, overrides in self.overrides.items():
            yield EffectiveLimits(self, tenant, overrides)


@dataclass(frozen=True, slots=True)
class EffectiveLimits:
    """The limits of one tenant. A tenant inherits the limits that it does not set."""

    cluster: Cluster
    tenant: str
    configured: Mapping[str, Any]
    """The limits set at this level: for the tenant, or in limits_config if the tenant is ""."""

    def value(self, key: str) -> Any:
        """Return the effective value: the tenant's, else the cluster's, else the default."""
        if self.configured.get(key) is not None:
            return self.configured[key]
        return self.cluster.value(f"limits_config.{key}")

    def at(self, key: str, *steps: str | int) -> Location:
        """Return the location of the effective value, or the location at which it could be set."""
        if self.tenant and self.configured.get(key) is not None:
            return self.cluster.at(f"overrides.{self.tenant}.{key}", *steps)
        return self.cluster.at(f"limits_config.{key}", *steps)


TierName = Literal["cool", "cold", "archive"]


@dataclass(frozen=True, slots=True)
class LifecycleAction:
    """One action of a lifecycle rule, and the age at which it is taken."""

    days: float
    location: Location
    since: str = "modification"
    """The event from which the days are counted: modification, creation, last access or last tier change."""


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of an Azure lifecycle policy, for base blobs."""

    name: str
    location: Location
    prefixes: tuple[tuple[str, Location], ...]
    """`container/prefix` each. A rule without a prefix applies to the complete account."""
    tiers: Mapping[TierName, LifecycleAction] = field(default_factory=dict)
    delete: LifecycleAction | None = None
    account: str = ""
    """Name of the storage account; empty: unknown."""
    enabled: bool = True
    resource_type: str = ""
    """Resource type, if the rule comes from Terraform."""


@dataclass(frozen=True, slots=True)
class LifecyclePolicy:
    """The lifecycle policy of a storage account of an environment, as Azure gets it."""

    location: Location
    account: str
    rule_count: int
    """Rules after those with the same actions were joined."""
    redundancy: str = ""


@dataclass(frozen=True, slots=True)
class PushTarget:
    """An address to which an agent sends lines."""

    location: Location
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages of Promtail that process each line."""

    location: Location
    stages: tuple[Mapping[str, Any], ...]
    pods: bool
    """True if the lines come from Kubernetes pods."""


@dataclass(frozen=True, slots=True)
class UnmatchedPath:
    """A job that reads no file, with the reason: `has the path /logs/, which is a folder`."""

    location: Location
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that ships logs."""

    name: str
    kind: str
    location: Location
    cluster: str = ""
    """The cluster to which it ships; empty: unknown."""
    labels: tuple[tuple[str, Location], ...] = ()
    """Labels that it makes from lines or from their source. `*` means every label of the source."""
    tenants: tuple[Location, ...] = ()
    """Locations at which it sets X-Scope-OrgID."""
    push_targets: tuple[PushTarget, ...] = ()
    tailed_globs: tuple[tuple[str, Location], ...] = ()
    """Globs of the files that it tails."""
    position_files: tuple[tuple[str | None, Location], ...] = ()
    """Files that store how far it has read; None if it stores no position."""
    pipelines: tuple[Pipeline, ...] = ()
    drop_expressions: tuple[tuple[str, Location], ...] = ()
    """Regular expressions. Every line that contains a match is dropped."""
    unexpanded_variables: tuple[tuple[str, Location], ...] = ()
    """`${VARIABLES}` that the agent does not replace."""
    config_blocks: tuple[tuple[str, Any, Location], ...] = ()
    """Blocks of the agent's configuration, by section, whose keys are checked."""
    unmatched_paths: tuple[UnmatchedPath, ...] = ()
    refused_keys: tuple[tuple[str, Location], ...] = ()
    """Keys that belong to another plugin, each with the key to write instead, or ""."""
    values: HelmValues | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """A query in LogQL or PromQL of a rule or of a panel."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True)
class UnreadablePart:
    """A part of a file that could not be checked."""

    location: Location
    reason: str
    remedy: str = ""
    is_rest_checked: bool = False
    """True if the part was checked without some texts in it, which the reason names."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that is deployed together."""

    environment: str = ""
    """Name of the environment; empty if the deployment was read from files."""
    clusters: tuple[Cluster, ...] = ()
    lifecycle: tuple[LifecycleRule, ...] = ()
    policies: tuple[LifecyclePolicy, ...] = ()
    """Policies that logops renders; none if the deployment was read from files."""
    agents: tuple[Agent, ...] = ()
    unreadable: tuple[UnreadablePart, ...] = ()
    expressions: tuple[Expression, ...] = ()
    promise: RetentionPromise | None = None
    """The promise that was given beside the files."""
    for_loki_4: bool = False
    """Whether to report what breaks with Loki 4."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Texts of the files, by name. Findings in them have a line and a column."""
