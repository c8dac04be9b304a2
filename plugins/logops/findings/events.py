"""When findings began and ended, from the runs of the checks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logops.findings.history import Changes, compare
from logops.findings.model import Finding, Run
from logops.findings.store import ResultsStore


@dataclass(frozen=True, slots=True)
class Event:
    """A finding began or ended."""

    run: Run
    """The run that first had the finding, or that no longer had it."""
    finding: Finding
    ended: bool
    since: datetime
    """When the finding was first reported. Before `first`: it was open then, and nobody read since when."""

    def to_dict(self) -> dict[str, object]:
        """Return the event as plain JSON."""
        return {
            "at": self.run.as_of.isoformat(),
            "event": "gone" if self.ended else "new",
            "check": self.run.check,
            "run": self.run.id,
            "since": self.since.isoformat(),
            "id": self.finding.id,
            **self.finding.to_dict(),
        }


def events(runs: Iterable[tuple[Run, tuple[Finding, ...]]], first: datetime) -> list[Event]:
    """Return what began and ended from `first` on, oldest first.

    runs   runs of one check, oldest first; those before `first` only say what was open then
    """
    changes = Changes((), (), (), ())
    changed: list[Event] = []
    for run, findings in runs:
        changes = compare(changes.open, findings)
        if run.as_of >= first:
            changed += [Event(run, entry.finding, False, entry.since) for entry in changes.new]
            changed += [Event(run, entry.finding, True, entry.since) for entry in changes.gone]
    return changed


def read_events(store: ResultsStore, environment: str, first: datetime, until: datetime) -> list[Event]:
    """Return what began and ended in all checks of an environment, newest first. Raises StoreUnreachableError."""
    every: list[Event] = []
    for check in store.checks(environment):
        runs = []
        for entry in store.runs(environment, check, until):
            runs.append(entry)
            if entry[0].as_of < first:
                break
        every += events(reversed(runs), first)
    return sorted(every, key=lambda event: event.run.as_of, reverse=True)
