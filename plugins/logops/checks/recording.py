"""Record the findings of a check's run, and compare them with earlier runs."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from logops.findings import Finding, Run
from logops.findings.history import Changes, read_changes

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore


def record(store: "ResultsStore", run: Run, findings: Sequence[Finding]) -> Changes:
    """Write the findings of a run. Return what is new, still there and gone. Raises StoreUnreachableError.

    Writing the same run again replaces it.
    """
    store.write_findings(run, findings)
    recorded = read_changes(store, run.environment, run.check, run.as_of)
    return recorded[1] if recorded else Changes((), (), (), ())


def joined(changes: Sequence[Changes]) -> Changes:
    """Return the changes of several checks as one."""
    return Changes(
        new=tuple(chain.from_iterable(part.new for part in changes)),
        still=tuple(chain.from_iterable(part.still for part in changes)),
        gone=tuple(chain.from_iterable(part.gone for part in changes)),
        unknown=tuple(chain.from_iterable(part.unknown for part in changes)),
    )
