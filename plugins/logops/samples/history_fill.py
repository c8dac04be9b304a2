"""Fill an environment with months of sample logs, so that retention, tiers and long queries have data.

`history.json` in the state folder keeps the days that were filled. An interrupted run resumes. A run with nothing to
do only asks Loki.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock

from logops.clients.loki import LokiClient, nanoseconds
from logops.environment import Environment
from logops.environment.sources import FileSource, SyslogSource
from logops.errors import LogopsError
from logops.samples import FILE_NAMES, BackfillProgress, History, Kind, backfill

SEED = 20
LINES_PER_MINUTE = 0.5
"""Per kind."""
SELECTOR = '{origin="backfill"}'

DAY_NS = 86_400_000_000_000
_UNTIL_BEFORE_NOW = timedelta(hours=1)
"""The history ends here; newer lines come through the agents."""


class StoppedError(LogopsError):
    """The fill was asked to stop. What was pushed is recorded."""


@dataclass(frozen=True)
class Destination:
    """The cluster and the tenant of a kind of sample logs."""

    cluster: str
    tenant: str


@dataclass(frozen=True)
class Filled:
    """The content of `history.json`."""

    start_ns: int
    end_ns: int
    done: bool

    @classmethod
    def read(cls, file: Path) -> "Filled | None":
        try:
            return cls(**json.loads(file.read_text()))
        except FileNotFoundError:
            return None

    def write(self, file: Path) -> None:
        new = file.with_name(f"{file.name}.new")
        new.write_text(json.dumps(asdict(self)))
        new.replace(file)


def destinations(environment: Environment) -> dict[Kind, Destination]:
    """Return the cluster and the tenant of each kind. Files are recognised by their names, system logs by syslog."""
    targets: dict[Kind, Destination] = {}
    for source in environment.sources.values():
        if isinstance(source, SyslogSource):
            targets.setdefault(Kind.SYSTEM, Destination(source.cluster, source.tenant))
        elif isinstance(source, FileSource):
            for kind in Kind:
                if f"samples/{FILE_NAMES[kind]}" in source.paths:
                    targets[kind] = Destination(source.cluster, source.tenant)
    return targets


def where_to_look(before: Filled | None, days: int, as_of: datetime) -> tuple[int, int]:
    """Return a day, in nanoseconds, that shows whether the history is there.

    It is the last day that was filled. Without a file, it is the middle day: retention deletes the oldest days.
    """
    if before is not None:
        return before.end_ns - DAY_NS, before.end_ns
    middle = nanoseconds(as_of - timedelta(days=days / 2))
    return middle - DAY_NS // 2, middle + DAY_NS // 2


def missing(before: Filled | None, is_stored: bool, days: int, as_of: datetime) -> Filled | None:
    """Return what is still to be filled in; None if the history is there.

    `before` is the content of the file, `is_stored` whether Loki returns lines of the history. An interrupted
    history resumes. A history that Loki has lost, because its data was removed, is filled in again.
    """
    if before is not None and not before.done:
        return before
    if is_stored:
        return None
    return Filled(nanoseconds(as_of - timedelta(days=days)), nanoseconds(as_of - _UNTIL_BEFORE_NOW), done=False)


def has_history(kinds: Mapping[Kind, Destination], read_url: Callable[[str], str], start_ns: int, end_ns: int) -> bool:
    """Whether every tenant with sample logs has history in start <= timestamp < end.

    read_url   returns the address for a cluster's queries
    """
    for destination in set(kinds.values()):
        with LokiClient(read_url(destination.cluster)) as client:
            if not client.query_logs(destination.tenant, SELECTOR, start_ns, end_ns, limit=1):
                return False
    return True


def fill(
    kinds: Mapping[Kind, Destination],
    write_url: Callable[[str], str],
    range_to_fill: Filled,
    folder: Path,
    on_progress: Callable[[int, float], None],
    stop: Event,
) -> int:
    """Push what is missing, all kinds in parallel. Return how many lines this call pushed.

    kinds         the kinds to push, and where
    write_url     returns the address for pushes to a cluster
    folder        keeps the progress of each kind
    on_progress   called with the number of lines and the done part, 0 to 1

    Raises StoppedError soon after `stop` is set, LokiError if Loki refuses the lines.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reached: dict[Kind, BackfillProgress] = {}
    lock = Lock()

    def push(kind: Kind, destination: Destination) -> int:
        history = History(
            SEED, range_to_fill.start_ns, range_to_fill.end_ns, LINES_PER_MINUTE, {kind: destination.tenant}
        )

        def note(progress: BackfillProgress) -> None:
            if stop.is_set():
                raise StoppedError
            with lock:
                reached[kind] = progress
                lines = sum(kind_progress.lines for kind_progress in reached.values())
                on_progress(lines, sum(kind_progress.share for kind_progress in reached.values()) / len(kinds))

        with LokiClient(write_url(destination.cluster)) as client:
            return backfill(client, history, folder / f"{kind}.json", note)

    def push_or_stop(item: tuple[Kind, Destination]) -> int:
        try:
            return push(*item)
        except BaseException:
            # Stop the other kinds, too.
            stop.set()
            raise

    with ThreadPoolExecutor(len(kinds)) as pool:
        pushes = [pool.submit(push_or_stop, item) for item in kinds.items()]
        try:
            wait(pushes)
        except BaseException:
            stop.set()
            raise
    errors = [error for push in pushes if (error := push.exception()) is not None]
    if errors:
        raise next((error for error in errors if not isinstance(error, StoppedError)), errors[0])
    return sum(push.result() for push in pushes)


def forget(folder: Path) -> None:
    """Forget the progress: Loki no longer has those lines."""
    for file in folder.glob("*.json"):
        file.unlink()
