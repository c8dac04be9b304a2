"""Fill an environment with months of sample logs, so that retention, tiers and long queries have data.

`history.json` in the state folder keeps the days that were filled. An interrupted run resumes. A run with nothing to
do only asks Loki.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from logops.clients.loki import LokiClient, nanoseconds
from logops.environment import Environment
from logops.environment.sources import FileSource, SyslogSource
from logops.samples import FILE_NAMES, History, Kind, backfill
from logops.samples.store_chunks import store_chunks

SEED = 20
LINES_PER_MINUTE = 0.5
"""Per kind."""
SELECTOR = '{origin="backfill"}'

DAY_NS = 86_400_000_000_000
_UNTIL_BEFORE_NOW = timedelta(hours=1)
"""The history ends here; newer lines come through the agents."""


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
    writer: Callable[[str], AbstractContextManager[LokiClient]],
    range_to_fill: Filled,
    folder: Path,
    on_progress: Callable[[int, float], None],
) -> int:
    """Push what is missing day by day, all kinds in parallel. Return how many lines this call pushed.

    kinds         the kinds to push, and where
    writer        runs a Loki that stores the lines of a cluster when its block ends, and nothing else
    folder        keeps the progress of each kind
    on_progress   called after each day with the number of lines and the done part, 0 to 1

    No chunk has lines of two days. Raises LokiError if Loki refuses the lines.
    """
    folder.mkdir(parents=True, exist_ok=True)
    start_ns, end_ns = range_to_fill.start_ns, range_to_fill.end_ns
    pushed = 0
    with ExitStack() as running, ThreadPoolExecutor(len(kinds)) as pool:
        clusters = {destination.cluster for destination in kinds.values()}
        writers = {cluster: running.enter_context(writer(cluster)) for cluster in clusters}

        def push(kind: Kind, from_ns: int, until_ns: int) -> int:
            history = History(SEED, from_ns, until_ns, LINES_PER_MINUTE, {kind: kinds[kind].tenant})
            return backfill(writers[kinds[kind].cluster], history, folder / f"{kind}.json")

        for day_ns in range(start_ns // DAY_NS * DAY_NS, end_ns, DAY_NS):
            from_ns, until_ns = max(day_ns, start_ns), min(day_ns + DAY_NS, end_ns)
            pushes = [pool.submit(push, kind, from_ns, until_ns) for kind in kinds]
            pushed += sum(push.result() for push in pushes)
            for loki in writers.values():
                store_chunks(loki)
            on_progress(pushed, (until_ns - start_ns) / (end_ns - start_ns))
    return pushed


def forget(folder: Path) -> None:
    """Forget the progress: Loki no longer has those lines."""
    for file in folder.glob("*.json"):
        file.unlink()
