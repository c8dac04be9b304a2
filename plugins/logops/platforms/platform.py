"""The two interfaces of a deployment target: one to read it, and one to change it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, get_args

from logops.environment import Environment
from logops.environment.cluster import Component, Data
from logops.errors import LogopsError
from logops.platforms.preview import Preview
from logops.render import Files, Stage

if TYPE_CHECKING:
    from logops.clients.blob_storage import ObjectStore

Progress = Callable[[str], None]
"""A function that receives one line about the current work. It is called every few seconds during long work."""


class PlatformError(LogopsError):
    """An operation of the platform failed."""


class NotLocalError(PlatformError):
    """An environment does not run on this machine, so its processes cannot be started or stopped here."""


class LeaseHeldError(PlatformError):
    """Another rollout is changing this environment."""


@dataclass(frozen=True)
class Revision:
    """The files of a stage as a run applied them."""

    stage: Stage
    number: int
    digest: str
    owner: str
    """The run that applied it."""
    applied_at: datetime


def last_of_others(history: Sequence[Revision], owner: str) -> Revision | None:
    """Return the last revision that `owner` did not apply, or None."""
    return next((revision for revision in reversed(history) if revision.owner != owner), None)


@dataclass(frozen=True)
class FileChange:
    """The last change of a live file."""

    who: str
    """The operating system's user who owns the file."""
    at: datetime


MISSING = "MISSING"
"""State of a workload that has fewer pods than it declares."""


@dataclass(frozen=True)
class ProcessStatus:
    """The current status of a process."""

    name: str
    stage: Stage
    state: str
    """supervisord's state (RUNNING, STOPPED, STARTING, BACKOFF, FATAL), or the Kubernetes phase."""
    ready: bool
    detail: str = ""
    """Why it is not ready, in the program's own words."""
    pid: int | None = None
    port: int | None = None
    since: datetime | None = None
    memory: int | None = None
    """Resident set, bytes."""
    version: str | None = None
    program: str = ""
    """`loki`, `promtail`, `loki-canary`, `azurite`, `prometheus` or `alertmanager`."""
    cluster: str = ""
    """Empty: it belongs to no cluster."""
    is_replaced: bool = False
    """Whether the file of its program was replaced after the process had started."""
    declared_version: str | None = None
    """The version that the workload of a pod declares. None: it is no pod, or no workload made it."""


_COMPONENTS: tuple[str, ...] = get_args(Component)


def component_of(process: str, cluster: str) -> str:
    """Return the component of a cluster's process, which is a part of the process's name.

    >>> component_of("main-query-frontend-0", "main"), component_of("main-querier-6d4cf56db6-x2x8q", "main")
    ('query-frontend', 'querier')
    """
    rest = process.removeprefix(f"{cluster}-")
    return next((name for name in _COMPONENTS if rest.startswith(f"{name}-")), rest.rpartition("-")[0])


def ingester_urls(platform: "ReadablePlatform") -> dict[str, str]:
    """Return the address of every process that keeps recent logs in memory, by name: ingesters and single binaries."""
    return {
        name: url
        for cluster in platform.environment.clusters
        for name, url in platform.urls(cluster).items()
        if component_of(name, cluster) in ("ingester", "all")
    }


def index_readers(platform: "ReadablePlatform") -> list[str]:
    """Return the name of every process that reads index files for queries: index gateways and single binaries."""
    return [
        name
        for cluster in platform.environment.clusters
        for name in platform.urls(cluster)
        if component_of(name, cluster) in ("index-gateway", "all")
    ]


class LeaseStore(Protocol):
    """The store of an environment's lease: the right to change it, which one run holds at a time."""

    def acquire(self, owner: str, *, one_process: bool = False) -> str:
        """Acquire, or renew, the lease. Return a line about a dead run whose lease was taken over, else an empty text.

        one_process   the run has no other process than this one: if it dies, its lease can be taken over at once

        Raises LeaseHeldError while another run holds it.
        """

    def renew(self, owner: str) -> None:
        """Renew the lease if there is one. Raises LeaseHeldError if another run has taken it over."""

    def release(self, owner: str) -> bool:
        """Release the lease if `owner` holds it. Return whether it did."""

    def since(self) -> datetime | None:
        """Return since when a run holds the lease. None: no run does, or only one that is dead."""

    def owner(self) -> str | None:
        """Return the run that holds the lease. None: no run does, or only one that is dead."""


class RevisionStore(Protocol):
    """The store of the revisions of all stages. Revisions are added, and never changed or removed."""

    def all(self, stage: Stage) -> list[Revision]:
        """Return the revisions of a stage, oldest first."""

    def files(self, revision: Revision) -> Files:
        """Return the files of a revision."""

    def add(self, stage: Stage, files: Files, owner: str, at: datetime) -> Revision:
        """Store files as the newest revision."""


class ReadablePlatform(Protocol):
    """A platform that audits, benchmarks and queries can read. No method changes it."""

    @property
    def environment(self) -> Environment: ...

    def urls(self, cluster: str) -> Mapping[str, str]:
        """Return the address of each Loki process of a cluster, by name (`main-ingester-0`)."""

    def read_url(self, cluster: str) -> str:
        """Return the address for a cluster's queries."""

    def distributor_urls(self, cluster: str) -> Mapping[str, str]:
        """Return the address of each process that receives pushes, by name."""

    def agent_urls(self, cluster: str) -> Mapping[str, str]:
        """Return the address of each agent and canary that ships to a cluster, by process name. An agent whose address
        is not declared is missing."""

    def salt_secret(self) -> str | None:
        """Return the secret from which the salt of hashes is made (`quality.salt`). None: it is not known here."""

    def alertmanager_urls(self, audience: Data) -> tuple[str, ...]:
        """Return the address of every Alertmanager for an audience; none: nobody can be told."""

    def rollout_since(self) -> datetime | None:
        """Return since when a rollout changes this environment. None: no rollout runs, or only one that is dead."""

    def lifecycle_policy(self, account: str) -> Mapping[str, Any]:
        """Return the live lifecycle policy of a storage account, as Azure writes it: `{rules: [...]}`.

        Raises PlatformError or ObjectStoreError if it cannot be read.
        """

    def object_store(self, account: str) -> "ObjectStore":
        """Return a client of a storage account of the environment."""

    def preview_accounts(self, files: Files) -> Preview:
        """Return what an apply of the files of the stage `storage` would change at storage accounts. Changes nothing.

        Empty if the files say everything.
        """


class DeployablePlatform(ReadablePlatform, Protocol):
    """A platform that a rollout can change. Every call can be repeated: it makes only the changes that are missing."""

    # State

    def desired(self) -> dict[Stage, Files]:
        """Return the desired state: what the environment file renders to."""

    def live(self, stage: Stage) -> Files:
        """Return the live state, read from the disk, the storage account and the processes."""

    def preview(self, stage: Stage, files: Files) -> Preview:
        """Return what an apply of `files` would do to the objects that a stage's files lead to. Changes nothing.

        Empty if the files say everything.
        """

    def apply(self, stage: Stage, files: Files, owner: str, progress: Progress) -> Revision:
        """Make `files` live. Restart only the processes that they change, one at a time. Return when all are ready.

        Raises PlatformError with the last log lines of a process that does not start.
        """

    def revisions(self, stage: Stage) -> list[Revision]:
        """Return the revisions of a stage, oldest first."""

    def revision_files(self, revision: Revision) -> Files:
        """Return the files of a revision, as a run applied them."""

    def last_change(self, file: str) -> FileChange | None:
        """Return who changed a live file last, and when. None: it is no file, or it does not exist."""

    def lease_owner(self) -> str | None:
        """Return the run that is changing this environment now; None: no run is."""

    def roll_back(self, stage: Stage, owner: str, progress: Progress) -> Revision | None:
        """Go back to the last revision that `owner` did not apply, and return it.

        The rollback is recorded as a new revision. If there was no earlier revision, the stage is stopped and its files
        are removed; its data stays. Returns None in that case, and if the newest revision is not `owner`'s.
        """

    def acquire_lease(self, owner: str, *, one_process: bool = False) -> str:
        """Acquire, or renew, the environment's lease for a run, as `LeaseStore.acquire` does. Raises LeaseHeldError."""

    def release_lease(self, owner: str) -> bool:
        """Release the lease if `owner` holds it. Return whether it did."""

    # The running system

    def ring_members(self, cluster: str) -> Collection[str]:
        """Return the id of each ingester that must be in the hash ring."""

    def gateway_url(self, cluster: str) -> str | None:
        """Return the address of the gateway that asks users for a password; None: the platform has none."""

    def processes(self) -> list[ProcessStatus]:
        """Return the status of every process that should run, running or not."""

    def last_lines(self, process: str, count: int = 20) -> list[str]:
        """Return the last lines of a process's log."""

    def write_url(self, cluster: str) -> str:
        """Return the address for pushes to a cluster."""

    def ruler_url(self, cluster: str) -> str:
        """Return the address of a cluster's ruler."""

    def prometheus_url(self, cluster: str) -> str | None:
        """Return the address of the Prometheus with a cluster's recorded series; None if nothing is recorded."""

    def alerting_prometheus_urls(self) -> tuple[str, ...]:
        """Return the address of every Prometheus of the platform: each evaluates the rules of the stage `storage`."""

    def writable_sources(self) -> Collection[str]:
        """Return the sources to which `write_line` can write."""

    def write_line(self, source: str, text: str) -> None:
        """Write one log line as a source does: append it to a tailed file, or send it to a syslog port.

        Raises PlatformError if the file cannot be written or the port does not answer.
        """
