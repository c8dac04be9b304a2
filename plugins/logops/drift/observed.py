"""The live system at one moment, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logops.clients.loki import RingMember
from logops.drift.prometheus_rules import LoadedRules
from logops.drift.running import Process
from logops.platforms.platform import FileChange, ProcessStatus, Revision
from logops.platforms.preview import Preview
from logops.render import Files, Stage


@dataclass(frozen=True)
class StageState:
    """A stage that was rolled out: what is live, what was rolled out, what is rendered now."""

    live: Files
    applied: Files
    desired: Files
    revision: Revision
    changes: Mapping[str, FileChange] = field(default_factory=dict)
    """Live file -> its last change."""


@dataclass(frozen=True)
class Unread:
    """Something that could not be read."""

    what: str
    reason: str
    cluster: str = ""


@dataclass(frozen=True)
class Observed:
    """The live system at one moment."""

    stages: Mapping[Stage, StageState] = field(default_factory=dict)
    """Stages that were rolled out and could be read."""
    not_rolled_out: tuple[Stage, ...] = ()
    statuses: Sequence[ProcessStatus] = ()
    processes: Sequence[Process] = ()
    """Processes that run and report their configuration."""
    running: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Process -> the configuration that it runs with."""
    loaded_rules: Mapping[str, LoadedRules] = field(default_factory=dict)
    """Prometheus -> the rules that it has loaded."""
    limits: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)
    """Process -> tenant -> the limits that it applies."""
    rings: Mapping[tuple[str, str], Sequence[RingMember]] = field(default_factory=dict)
    """(cluster, ring) -> members."""
    replicas: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """(cluster, ring) -> the processes that should be members."""
    public: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Storage account -> container that anybody may read -> what it shows."""
    unread: tuple[Unread, ...] = ()
    objects: Mapping[Stage, Preview] = field(default_factory=dict)
    """What a rollout of the files of the last one would change now. Empty on a platform whose files say everything.
    Without a login to the cluster: what a rollout of the declared files would change at storage accounts."""
    pods: Sequence[ProcessStatus] = ()
    """Pods, and workloads that lack some. Empty on the local platform."""

    @property
    def is_stopped(self) -> bool:
        """Whether processes are declared and none of them runs."""
        return bool(self.statuses) and not any(status.pid for status in self.statuses)
