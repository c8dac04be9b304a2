"""What would be deployed, as the rules look at it: one value, made from files or from an environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from logops.doctor.defaults import LOKI_DEFAULTS


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a file, and the path of keys in it (`loki.schema_config.configs[0].store`)."""

    file: str
    path: str = ""

    def at(self, *steps: str | int) -> "Place":
        """A place below: a name is a key, a number an element of a list.

        >>> Place("values.yaml", "loki").at("schema_config", "configs", 0, "store").path
        'loki.schema_config.configs[0].store'
        """
        path = self.path
        for step in steps:
            path = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}" if path else step
        return Place(self.file, path)


@dataclass(frozen=True, slots=True)
class Promise:
    """What those who own the logs were told."""

    keep: timedelta
    hot: timedelta | None = None
    """How long logs stay in the Hot access tier at least; None where nothing was said."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values of a Helm chart as the user wrote them."""

    place: Place
    written: Mapping[str, Any]

    def get(self, *keys: str) -> Any:
        """What is written below the keys; None where nothing is."""
        value: Any = self.written
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def at(self, *steps: str | int) -> Place:
        return self.place.at(*steps)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Loki and what runs it."""

    name: str
    place: Place
    """Where its configuration starts."""
    config: Mapping[str, Any]
    """What is written, in Loki's own layout."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: LOKI_DEFAULTS)
    """Values of keys that are not written, by dotted path: Loki's, or those of the chart over Loki's."""
    moved: Mapping[str, Place] = field(default_factory=dict)
    """Where a path in Loki's layout stands in the user's file, for those that do not stand under `place`."""
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Limits by tenant, from the runtime configuration."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """By component, as Loki names it; a component that is not named is unknown."""
    volume: str | None = None
    """Folder that lies on the volume of each process; None: unknown."""
    ingester_volume: bool | None = None
    """Whether the ingesters' folder outlives the process; None: unknown."""
    security: bool = False
    promise: Promise | None = None
    values: Values | None = None

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

    def at(self, path: str, *steps: str | int) -> Place:
        """Where a dotted path, and the steps below it, stand in the user's file."""
        full = Place("", path).at(*steps).path
        above = [key for key in self.moved if full == key or full.startswith((f"{key}.", f"{key}["))]
        if not above:
            return Place(self.place.file, f"{self.place.path}.{full}" if self.place.path else full)
        nearest = max(above, key=len)
        return Place(self.moved[nearest].file, self.moved[nearest].path + full.removeprefix(nearest))

    def section(self, path: str) -> Mapping[str, Any]:
        """The mapping at a dotted path; empty where there is none."""
        value = self.written(path)
        return value if isinstance(value, Mapping) else {}

    def periods(self) -> list[tuple[int, Mapping[str, Any]]]:
        """The schema's periods with their numbers; what is not a mapping is left out."""
        written = self.written("schema_config.configs")
        return [(n, p) for n, p in enumerate(written) if isinstance(p, Mapping)] if isinstance(written, list) else []

    def limits(self) -> "Iterator[Limits]":
        """The limits of all tenants (tenant ``), then those of each tenant with overrides."""
        yield Limits(self, "", self.section("limits_config"))
        for tenant, own in self.overrides.items():
            yield Limits(self, tenant, own)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one tenant is allowed; a tenant inherits what it does not set."""

    cluster: Cluster
    tenant: str
    own: Mapping[str, Any]

    def value(self, key: str) -> Any:
        """What counts: the tenant's, else the cluster's, else the default."""
        return self.own[key] if self.own.get(key) is not None else self.cluster.value(f"limits_config.{key}")

    def at(self, key: str, *steps: str | int) -> Place:
        """Where the value that counts stands, or would stand."""
        if self.tenant and self.own.get(key) is not None:
            return self.cluster.at(f"overrides.{self.tenant}.{key}", *steps)
        return self.cluster.at(f"limits_config.{key}", *steps)


TierName = Literal["cool", "cold", "archive"]


@dataclass(frozen=True, slots=True)
class Days:
    """One action's day in a lifecycle rule."""

    days: float
    place: Place
    since: str = "modification"
    """What the days are counted from: modification, creation, last access or last tier change."""


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of an Azure lifecycle policy, for base blobs."""

    name: str
    place: Place
    prefixes: tuple[tuple[str, Place], ...]
    """`container/prefix` each. Azure takes none as the whole account."""
    tiers: Mapping[TierName, Days] = field(default_factory=dict)
    delete: Days | None = None
    account: str = ""
    """The storage account it belongs to; empty: unknown."""
    enabled: bool = True
    resource_type: str = ""
    """Terraform's resource type, where it comes from Terraform."""


@dataclass(frozen=True, slots=True)
class Push:
    """Where an agent sends lines."""

    place: Place
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages that an agent runs lines through (Promtail's)."""

    place: Place
    stages: tuple[Mapping[str, Any], ...]
    pods: bool
    """Whether the lines are those of Kubernetes pods."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that ships logs."""

    name: str
    kind: str
    place: Place
    cluster: str = ""
    """The cluster it ships to; empty: unknown."""
    labels: tuple[tuple[str, Place], ...] = ()
    """Labels it takes from the lines or from their source; `*` for all that a source has."""
    tenants: tuple[Place, ...] = ()
    """Where it sets X-Scope-OrgID."""
    pushes: tuple[Push, ...] = ()
    reads: tuple[tuple[str, Place], ...] = ()
    """Globs of the files it tails."""
    positions: tuple[tuple[str | None, Place], ...] = ()
    """Files in which it remembers how far it read; None where it remembers nothing."""
    pipelines: tuple[Pipeline, ...] = ()
    drops: tuple[tuple[str, Place], ...] = ()
    """Expressions: lines that match one, whatever stands in them besides, are thrown away."""
    literals: tuple[tuple[str, Place], ...] = ()
    """`${VARIABLES}` that nothing will replace."""
    blocks: tuple[tuple[str, Any, Place], ...] = ()
    """Blocks of its own configuration, by section, for the keys in them."""
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Part of a file that could not be looked at."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that would be deployed together."""

    environment: str = ""
    """The environment's name; empty when it was read from files."""
    clusters: tuple[Cluster, ...] = ()
    lifecycle: tuple[LifecycleRule, ...] = ()
    agents: tuple[Agent, ...] = ()
    unread: tuple[Unread, ...] = ()
