"""Read the findings that are open after the newest run of each check."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from logops.findings import Run
from logops.findings.history import OpenFinding, read_changes

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore


@dataclass(frozen=True, slots=True)
class OpenAfterRun:
    """The newest run of a check, and the findings that are open after it."""

    run: Run
    open: Sequence[OpenFinding]


def read_open(store: "ResultsStore", environment: str, now: datetime) -> list[OpenAfterRun]:
    """Return the open findings of every check of an environment. Raises StoreUnreachableError."""
    read = (read_changes(store, environment, check, now) for check in store.checks(environment))
    return [OpenAfterRun(run, changes.open) for run, changes in filter(None, read)]
