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
"""Time for a process to become ready."""
FLUSH_SECONDS = 60.0
"""Time for an ingester to store its data before it is stopped; it stores the rest while it stops."""
MOST_DEATHS = 3
"""A process that dies this often during its start will not recover."""
_PAUSE = 0.2
_REPORT_SECONDS = 3.0

LastLines = Callable[[str], Sequence[str]]


class Processes:
    """The processes of an environment, started and stopped with progress."""

    def __init__(self, supervisord: Supervisord, neighbours: Sequence[Section], last_lines: LastLines) -> None:
        """`neighbours` are all processes of the environment: the readiness of some depends on others."""
        self._supervisord = supervisord
        self._neighbours = neighbours
        self._last_lines = last_lines

    def take(self, steps: Steps, progress: Progress) -> None:
        """Carry out the steps. Raises PlatformError, with its last log lines, if a process does not become ready."""
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
        """Start stopped processes together with their current configuration, and wait until each is ready."""
        for section in sections:
            self._supervisord.renew(section.name)
        for section in sections:
            self._supervisord.start_process(section.name)
        self._wait_ready(sections, progress)

    def stop(self, names: Collection[str], progress: Progress) -> None:
        """Stop processes together, and wait until they have ended. supervisord kills those that take too long."""
        known = self._supervisord.processes()
        waiting = [name for name in names if name in known and not known[name].stopped]
        for name in waiting:
            self._supervisord.stop_process(name)
        report = _ThrottledProgress(progress)
        while waiting:
            time.sleep(_PAUSE)
            now = self._supervisord.processes()
            if waiting := [name for name in waiting if not now[name].stopped]:
                report(f"stopping {_listed(waiting)}")

    def _flush(self, section: Section, progress: Progress) -> None:
        """Data that is stored before the stop need not be stored during it, when the ingester is missing."""
        deadline = time.monotonic() + FLUSH_SECONDS
        report = _ThrottledProgress(progress)
        try:
            flush(section)
            while (left := waiting_to_be_flushed(section)) and time.monotonic() < deadline:
                report(f"{section.name}: {left} streams to be flushed")
                time.sleep(_PAUSE)
        except LokiError as error:
            # Its write-ahead log has everything.
            progress(f"{section.name} could not be flushed: {error}")

    def _wait_ready(self, sections: Sequence[Section], progress: Progress) -> None:
        """Wait until all are ready, within the time for one. Raises PlatformError."""
        started = time.monotonic()
        waiting = {section.name: section for section in sections}
        lives: dict[str, set[int]] = {name: set() for name in waiting}
        report = _ThrottledProgress(progress)
        while True:
            now = self._supervisord.processes()
            age = time.monotonic() - started
            health = {name: self._look(section, now[name], age) for name, section in waiting.items()}
            for name in waiting:
                pid = now[name].pid
                lives[name] |= {pid} if pid else set()
                deaths = len(lives[name]) - bool(pid)
                if now[name].state == "FATAL" or deaths >= MOST_DEATHS:
                    raise self._failed(name, "it dies again and again", now[name], health[name])
                if age > START_SECONDS and not health[name].ready:
                    raise self._failed(name, f"it was not ready within {START_SECONDS:.0f} s", now[name], health[name])
            waiting = {name: section for name, section in waiting.items() if not health[name].ready}
            if not waiting:
                return
            first = next(iter(waiting))
            report(f"waiting for {_listed(waiting)} ({first}: {health[first].detail})")
            time.sleep(_PAUSE)

    def _look(self, section: Section, supervised: Supervised, age: float) -> Health:
        # STARTING lasts less than a second: the process may answer and still die.
        if supervised.state != "RUNNING":
            return Health(False, supervised.trouble or supervised.state)
        return check(section, observers(section, self._neighbours), age)

    def _failed(self, name: str, what: str, supervised: Supervised, health: Health) -> PlatformError:
        reasons = ", ".join(
            dict.fromkeys(part for part in (supervised.state, supervised.trouble, health.detail) if part)
        )
        said = "\n".join(f"    {line}" for line in self._last_lines(name)) or "    (it wrote nothing)"
        return PlatformError(f"starting {name}: {what} ({reasons}). Its last lines:\n{said}")


def observers(section: Section, neighbours: Iterable[Section]) -> list[Section]:
    """Return the processes that can report on an ingester: those of its cluster that write to ingesters or read from
    them."""
    return [
        other
        for other in neighbours
        if other.cluster == section.cluster
        and other.name != section.name
        and other.component in ("distributor", "ingester", "querier")
    ]


class _ThrottledProgress:
    """Progress, at most as often as a person can read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._started = self._reported = time.monotonic()

    def __call__(self, line: str) -> None:
        now = time.monotonic()
        if now - self._reported >= _REPORT_SECONDS:
            self._reported = now
            self._progress(f"{line}, {now - self._started:.0f} s")


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every) if len(every) <= 4 else f"{', '.join(every[:3])} and {len(every) - 3} more"
