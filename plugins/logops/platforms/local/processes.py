"""Start, stop and restart processes, and wait until they are ready."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence

from logops.clients.loki import LokiError
from logops.platforms.local.health import Health, check, flush, waiting_to_be_flushed
from logops.platforms.local.section import Section
from logops.platforms.local.steps import Steps
from logops.platforms.local.supervisord import Supervised, Supervisord
from logops.platforms.platform import PlatformError, Progress

START_SECONDS = 120.0
"""Time limit for a process to become ready."""
FLUSH_SECONDS = 60.0
"""Time limit for an ingester to store its data before it is stopped. It stores remaining data while it stops."""
MAX_EXITS = 3
"""A process that exits this often during its start will not recover."""
_PAUSE = 0.2
_REPORT_SECONDS = 3.0

LastLines = Callable[[str], Sequence[str]]


class Processes:
    """The processes of an environment, started and stopped with progress."""

    def __init__(self, supervisord: Supervisord, neighbours: Sequence[Section], last_lines: LastLines) -> None:
        """`neighbours` are all processes of the environment: other processes report whether an ingester is ready."""
        self._supervisord = supervisord
        self._neighbours = neighbours
        self._last_lines = last_lines

    def take(self, steps: Steps, progress: Progress) -> None:
        """Carry out the steps. Raises PlatformError with the last log lines of a process that does not become ready."""
        self.stop([*steps.remove, *(section.name for section in steps.start)], progress)
        for name in steps.remove:
            progress(f"removing {name}")
            self._supervisord.forget(name)
        if steps.start:
            progress(f"starting {_listed(section.name for section in steps.start)}")
            self.start(steps.start, progress)
        for number, section in enumerate(steps.restart, 1):
            progress(f"restarting {section.name} ({number} of {len(steps.restart)})")
            if section.holds_logs:
                self._flush(section, progress)
            self.stop([section.name], progress)
            self.start([section], progress)

    def start(self, sections: Sequence[Section], progress: Progress) -> None:
        """Start stopped processes together, with their current configuration, and wait until all are ready."""
        for section in sections:
            self._supervisord.renew(section.name)
        for section in sections:
            self._supervisord.start_process(section.name)
        self._wait_ready(sections, progress)

    def stop(self, names: Collection[str], progress: Progress) -> None:
        """Stop processes together, and wait until they have ended. supervisord kills a process that takes too long."""
        known = self._supervisord.processes()
        waiting = [name for name in names if name in known and not known[name].stopped]
        for name in waiting:
            self._supervisord.stop_process(name)
        report = _ThrottledProgress(progress)
        while waiting:
            time.sleep(_PAUSE)
            supervised_processes = self._supervisord.processes()
            if waiting := [name for name in waiting if not supervised_processes[name].stopped]:
                report(f"stopping {_listed(waiting)}")

    def _flush(self, section: Section, progress: Progress) -> None:
        """Make an ingester store its data while it still serves, so that its restart takes less time."""
        deadline = time.monotonic() + FLUSH_SECONDS
        report = _ThrottledProgress(progress)
        try:
            flush(section)
            while (remaining := waiting_to_be_flushed(section)) and time.monotonic() < deadline:
                report(f"{section.name}: {remaining} streams are not stored yet")
                time.sleep(_PAUSE)
        except LokiError as error:
            # No data is lost: the write-ahead log has it.
            progress(f"{section.name} could not be flushed: {error}")

    def _wait_ready(self, sections: Sequence[Section], progress: Progress) -> None:
        """Wait until all processes are ready, at most START_SECONDS. Raises PlatformError."""
        started = time.monotonic()
        waiting = {section.name: section for section in sections}
        pids_seen: dict[str, set[int]] = {name: set() for name in waiting}
        report = _ThrottledProgress(progress)
        while True:
            supervised_processes = self._supervisord.processes()
            age = time.monotonic() - started
            health = {name: self._health(section, supervised_processes[name], age) for name, section in waiting.items()}
            for name in waiting:
                pid = supervised_processes[name].pid
                pids_seen[name] |= {pid} if pid else set()
                exits = len(pids_seen[name]) - bool(pid)
                if supervised_processes[name].state == "FATAL" or exits >= MAX_EXITS:
                    raise self._failed(name, "it exits repeatedly", supervised_processes[name], health[name])
                if age > START_SECONDS and not health[name].ready:
                    raise self._failed(
                        name, f"it was not ready within {START_SECONDS:.0f} s", supervised_processes[name], health[name]
                    )
            waiting = {name: section for name, section in waiting.items() if not health[name].ready}
            if not waiting:
                return
            first_name = next(iter(waiting))
            report(f"waiting for {_listed(waiting)} ({first_name}: {health[first_name].detail})")
            time.sleep(_PAUSE)

    def _health(self, section: Section, supervised: Supervised, age: float) -> Health:
        # STARTING lasts a second. A process in this state may answer and still exit.
        if supervised.state != "RUNNING":
            return Health(False, supervised.trouble or supervised.state)
        return check(section, observers(section, self._neighbours), age)

    def _failed(self, name: str, problem: str, supervised: Supervised, health: Health) -> PlatformError:
        reasons = ", ".join(
            dict.fromkeys(part for part in (supervised.state, supervised.trouble, health.detail) if part)
        )
        log_end = "\n".join(f"    {line}" for line in self._last_lines(name)) or "    (its log is empty)"
        return PlatformError(f"starting {name}: {problem} ({reasons}). Its last lines:\n{log_end}")


def observers(section: Section, neighbours: Iterable[Section]) -> list[Section]:
    """Return the other processes of a cluster that use its ingester ring: they report whether an ingester is ready."""
    return [
        neighbour
        for neighbour in neighbours
        if neighbour.cluster == section.cluster
        and neighbour.name != section.name
        and neighbour.component in ("distributor", "ingester", "querier")
    ]


class _ThrottledProgress:
    """A `Progress` that drops lines which follow too soon after another."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._started = self._reported = time.monotonic()

    def __call__(self, line: str) -> None:
        now = time.monotonic()
        if now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            self._progress(f"{line}, {now - self._started:.0f} s")


def _listed(names: Iterable[str]) -> str:
    all_names = list(names)
    return ", ".join(all_names) if len(all_names) <= 4 else f"{', '.join(all_names[:3])} and {len(all_names) - 3} more"
