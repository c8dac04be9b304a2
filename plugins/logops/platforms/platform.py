"""What a rollout needs of the place it rolls out to: as small as that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from logops.environment import Environment
from logops.errors import LogopsError
from logops.render import Files, Stage

if TYPE_CHECKING:
    from logops.clients.blob_storage import ObjectStore

Progress = Callable[[str], None]
"""Takes one line: what is being done now. Called at least every few seconds while something takes long."""


class PlatformError(LogopsError):
    """The platform could not do what it was told: what, to what, what was found, what to do."""


class LeaseHeldError(PlatformError):
    """Another rollout is changing this environment."""


@dataclass(frozen=True)
class Revision:
    """A stage's files as they were applied once."""

    stage: Stage
    number: int
    digest: str
    owner: str
    """The run that applied it."""
    applied_at: datetime


@dataclass(frozen=True)
class ProcessStatus:
    """A process as it is seen right now."""

    name: str
    stage: Stage
    state: str
    """supervisord's word (RUNNING, STOPPED, STARTING, BACKOFF, FATAL), or Kubernetes' phase."""
    ready: bool
    detail: str = ""
    """Why it is not ready: the program's own words."""
    pid: int | None = None
    port: int | None = None
    since: datetime | None = None
    memory: int | None = None
    """Resident set, bytes."""
    version: str | None = None


def component_of(process: str, cluster: str) -> str:
    """What a process of a cluster is, by its name.

    >>> component_of("main-query-frontend-0", "main")
    'query-frontend'
    """
    return process.removeprefix(f"{cluster}-").rpartition("-")[0]


class Platform(Protocol):
    """A place that runs an environment. Every call may be repeated: it does only what is not done yet."""

    @property
    def environment(self) -> Environment: ...

    def desired(self) -> dict[Stage, Files]:
        """What the environment asks for."""

    def live(self, stage: Stage) -> Files:
        """What is there: read from the disk, the storage account and the processes, not from memory."""

    def apply(self, stage: Stage, files: Files, owner: str, progress: Progress) -> Revision:
        """Make `files` live: restart, one at a time, only what they change; return when it runs.

        Raises PlatformError with the last lines of the process that would not start.
        """

    def revisions(self, stage: Stage) -> list[Revision]:
        """Oldest first."""

    def roll_back(self, stage: Stage, owner: str, progress: Progress) -> Revision | None:
        """Back to the last revision that `owner` did not apply; None where there was none before (the stage is
        stopped, its files are removed, its data stays) or where `owner` applied nothing."""

    def hold(self, owner: str) -> None:
        """Take, or keep, the environment's lease for a run. Raises LeaseHeldError."""

    def release(self, owner: str) -> None:
        """Give the lease back, if `owner` has it."""

    def processes(self) -> list[ProcessStatus]:
        """Every process there should be, running or not."""

    def last_lines(self, process: str, count: int = 20) -> list[str]:
        """The end of a process's log."""

    def urls(self, cluster: str) -> Mapping[str, str]:
        """The address of each of a cluster's Loki processes, by name (`main-ingester-0`)."""

    def read_url(self, cluster: str) -> str:
        """Where a cluster's queries go."""

    def write_url(self, cluster: str) -> str:
        """Where pushes to a cluster go."""

    def ruler_url(self, cluster: str) -> str:
        """Where a cluster's rules are kept and evaluated."""

    def prometheus_url(self, cluster: str) -> str | None:
        """Where what a cluster records can be asked for; None where it is recorded nowhere."""

    def write_line(self, source: str, text: str) -> None:
        """Log one line as a source does: append it to a tailed file, send it to a syslog port.

        Raises PlatformError where nobody takes it."""

    def lifecycle_policy(self, account: str) -> Mapping[str, Any]:
        """The lifecycle policy that a storage account has now, as Azure writes it: `{rules: [...]}`.

        Raises PlatformError, or ObjectStoreError, where it cannot be read."""

    def object_store(self, account: str) -> "ObjectStore":
        """A client of a storage account of the environment."""
