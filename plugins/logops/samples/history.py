"""The history that a backfill pushes, and the file that keeps its progress."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from logops.errors import LogopsError
from logops.samples.line import Kind


@dataclass(frozen=True, slots=True)
class History:
    """The lines with start <= timestamp < end, in nanoseconds since the epoch."""

    seed: int
    start_ns: int
    end_ns: int
    lines_per_minute: float
    """Mean per kind."""
    tenants: Mapping[Kind, str]
    """The kinds to push, and the tenant of each."""


class BackfillMismatchError(LogopsError):
    """The state file belongs to another history, and the two would mix."""


class BackfillState:
    """The progress of each kind of a history, in a JSON file: `{"history": {seed, lines_per_minute, tenants},
    "start_ns": int, "reached_ns": {kind: int}}`."""

    def __init__(
        self, file: Path, history: Mapping[str, object], start_ns: int, reached_ns: Mapping[Kind, int]
    ) -> None:
        self._file = file
        self._history = history
        self._start_ns = start_ns
        self._reached_ns = dict(reached_ns)

    @classmethod
    def read(cls, file: Path, history: History) -> Self:
        """Return the state in `file`, or the initial state if there is no file.

        Raises BackfillMismatchError if the file is not a state, has another seed, rate or tenants, or belongs to a
        history that starts later: Loki accepts no older lines in a stream.
        """
        tenants = {kind.value: tenant for kind, tenant in history.tenants.items()}
        expected = {"seed": history.seed, "lines_per_minute": history.lines_per_minute, "tenants": tenants}
        try:
            state = json.loads(file.read_text())
            written_for, start_ns = state["history"], int(state["start_ns"])
            reached = {Kind(kind): int(until) for kind, until in state["reached_ns"].items()}
        except FileNotFoundError:
            return cls(file, expected, history.start_ns, {})
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BackfillMismatchError(
                f"{file} is not the state of a backfill ({error}): move it away to begin."
            ) from error
        if written_for != expected:
            raise BackfillMismatchError(f"{file} is the state of {written_for}, not of {expected}: name another file.")
        if history.start_ns < start_ns:
            raise BackfillMismatchError(
                f"{file} is the state of a history from {start_ns} ns on, and {history.start_ns} ns is before that: "
                "Loki takes no older lines into these streams."
            )
        return cls(file, expected, start_ns, reached)

    def reached_ns(self, kind: Kind) -> int:
        """Everything of this kind before this time was pushed."""
        return self._reached_ns.get(kind, 0)

    def record(self, kind: Kind, until_ns: int) -> None:
        """Record that everything before `until_ns` was pushed.

        The file changes in one step: a run that is killed leaves the old file or the new one.
        """
        self._reached_ns[kind] = until_ns
        state = {"history": self._history, "start_ns": self._start_ns, "reached_ns": self._reached_ns}
        unfinished = self._file.with_name(f"{self._file.name}.new")
        unfinished.write_text(json.dumps(state))
        os.replace(unfinished, self._file)
