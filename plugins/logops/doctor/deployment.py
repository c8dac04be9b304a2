"""What would be deployed, as the rules look at it: one value, made from files or from an environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from logops.doctor.defaults import LOKI_DEFAULTS


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Where something stands: a file, and the path of keys in it (`loki.schema_config.configs[0].store`)."""

    file: str
    path: str = ""

    def at(self, *steps: str | int) -> "Location":
        """A location below: a name is a key, a number an element of a list.

        >>> Location("values.yaml", "loki").at("schema_config", "configs", 0, "store").path
        'loki.schema_config.configs[0].store'
        """
        path = self.path
        for step in steps:
            path = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}" if path else step
        return Location(self.file, path)


@dataclass(frozen=True, slots=True)
class RetentionPromise:
    """What those who own the logs were told."""

    keep: timedelta
    hot: timedelta | None = None
    """How long logs stay in the Hot access tier at least; None where nothing was said."""


@dataclass(frozen=True, slots=True)
class HelmValues:
    """HelmValues of a Helm chart as the user wrote them."""

    location: Location
    written: Mapping[str, Any]

    def get(self, *keys: str) -> Any:
        """What is written below the keys; None where nothing is."""
        value: Any = self.written
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def at(self, *steps: str | int) -> Location:
        return self.location.at(*steps)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Loki and what runs it."""

    name: str
    location: Location
    """Where its configuration starts."""
    config: Mapping[str, Any]
    """What is written, in Loki's own layout."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: LOKI_DEFAULTS)
    """HelmValues of keys that are not written, by dotted path: Loki's, or those of the chart over Loki's."""
    moved: Mapping[str, Location] = field(default_factory=dict)
    """Where a path in Loki's layout stands in the user's file, for those that do not stand under `location`."""
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """EffectiveLimits by tenant, from the runtime configuration."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """By component, as Loki names it; a component that is not named is unknown."""
    volume: str | None = None
    """Folder that lies on the volume of each process; None: unknown."""
    ingester_volume: bool | None = None
    """Whether the ingesters' folder outlives the process; None: unknown."""
    security: bool = False
    promise: RetentionPromise | None = None
    values: HelmValues | None = None

    def written(self, path: str) -> Any:
        """What is written at a dotted path; None where nothing is."""
        value: Any = self.config
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def value(self, path: str) -> Any:
        """What counts at a dotted path: what is written, else the default."""
        written = self.written(path)
        return self.defaults.get(path) if written is None else written

    def at(self, path: str, *steps: str | int) -> Location:
        """Where a dotted path, and the steps below it, stand in the user's file."""
        full = Location("", path).at(*steps).path
        above = [key for key in self.moved if full == key or full.startswith((f"{key}.", f"{key}["))]
        if not above:
            return Location(self.location.file, f"{self.location.path}.{full}" if self.location.path else full)
        nearest = max(above, key=len)
        return Location(self.moved[nearest].file, self.moved[nearest].path + full.removeprefix(nearest))

    def section(self, path: str) -> Mapping[str, Any]:
        """The mapping at a dotted path; empty where there is none."""
        value = self.written(path)
        return value if isinstance(value, Mapping) else {}

    def periods(self) -> list[tuple[int, Mapping[str, Any]]]:
        """The schema's periods with their numbers; what is not a mapping is left out."""
        written = self.written("schema_config.configs")
        return [(n, p) for n, p in enumerate(written) if isinstance(p, Mapping)] if isinstance(written, list) else []

    def limits(self) -> "Iterator[EffectiveLimits]":
        """The limits of all tenants (tenant ``), then those of each tenant with overrides."""
        yield EffectiveLimits(self, "", self.section("limits_config"))
        for tenant, own in self.overrides.items():
            yield EffectiveLimits(self, tenant, own)


@dataclass(frozen=True, slots=True)
class EffectiveLimits:
    """What one tenant is allowed; a tenant inherits what it does not set."""

    cluster: Cluster
    tenant: str
    own: Mapping[str, Any]

    def value(self, key: str) -> Any:
        """What counts: the tenant's, else the cluster's, else the default."""
        return self.own[key] if self.own.get(key) is not None else self.cluster.value(f"limits_config.{key}")

    def at(self, key: str, *steps: str | int) -> Location:
        """Where the value that counts stands, or would stand."""
        if self.tenant and self.own.get(key) is not None:
            return self.cluster.at(f"overrides.{self.tenant}.{key}", *steps)
        return self.cluster.at(f"limits_config.{key}", *steps)


TierName = Literal["cool", "cold", "archive"]


@dataclass(frozen=True, slots=True)
class LifecycleAction:
    """One action's day in a lifecycle rule."""

    days: float
    location: Location
    since: str = "modification"
    """What the days are counted from: modification, creation, last access or last tier change."""


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of an Azure lifecycle policy, for base blobs."""

    name: str
    location: Location
    prefixes: tuple[tuple[str, Location], ...]
    """`container/prefix` each. Azure takes none as the whole account."""
    tiers: Mapping[TierName, LifecycleAction] = field(default_factory=dict)
    delete: LifecycleAction | None = None
    account: str = ""
    """The storage account it belongs to; empty: unknown."""
    enabled: bool = True
    resource_type: str = ""
    """Terraform's resource type, where it comes from Terraform."""


@dataclass(frozen=True, slots=True)
class PushTarget:
    """Where an agent sends lines."""

    location: Location
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages that an agent runs lines through (Promtail's)."""

    location: Location
    stages: tuple[Mapping[str, Any], ...]
    pods: bool
    """Whether the lines are those of Kubernetes pods."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that ships logs."""

    name: str
    kind: str
    location: Location
    cluster: str = ""
    """The cluster it ships to; empty: unknown."""
    labels: tuple[tuple[str, Location], ...] = ()
    """Labels it takes from the lines or from their source; `*` for all that a source has."""
    tenants: tuple[Location, ...] = ()
    """Where it sets X-Scope-OrgID."""
    pushes: tuple[PushTarget, ...] = ()
    reads: tuple[tuple[str, Location], ...] = ()
    """Globs of the files it tails."""
    positions: tuple[tuple[str | None, Location], ...] = ()
    """Files in which it remembers how far it read; None where it remembers nothing."""
    pipelines: tuple[Pipeline, ...] = ()
    drops: tuple[tuple[str, Location], ...] = ()
    """Expressions: lines that match one, whatever stands in them besides, are thrown away."""
    literals: tuple[tuple[str, Location], ...] = ()
    """`${VARIABLES}` that nothing will replace."""
    blocks: tuple[tuple[str, Any, Location], ...] = ()
    """Blocks of its own configuration, by section, for the keys in them."""
    values: HelmValues | None = None


@dataclass(frozen=True, slots=True)
class UnreadablePart:
    """Part of a file that could not be looked at."""

    location: Location
    reason: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that would be deployed together."""

    environment: str = ""
    """The environment's name; empty when it was read from files."""
    clusters: tuple[Cluster, ...] = ()
    lifecycle: tuple[LifecycleRule, ...] = ()
    agents: tuple[Agent, ...] = ()
    unreadable: tuple[UnreadablePart, ...] = ()
