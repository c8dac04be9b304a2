"""When findings began and ended, from the keys of a check's runs. Pure.

The rules are those of `findings.history`. A page looks at a year of runs with up to 10,000 findings each, so this
module compares keys (`findings.table`), and the findings of a run are read only if the page shows them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from logops.findings.history import NOT_CHECKED, may_overlap, not_reached
from logops.findings.store import RecordedRun
from logops.findings.table import BETWEEN, identity_of

Seen = Literal["seen", "not seen", "unknown"]
Strip = tuple[tuple[datetime, Seen], ...]
"""The last runs of a check, oldest first, and whether each saw a finding."""
_NOT_CHECKED = tuple(f"{name}{BETWEEN}" for name in NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class Ended:
    """A finding that a later run no longer had."""

    since: datetime
    until: datetime


def follow(runs: Iterable[RecordedRun]) -> tuple[dict[str, datetime], dict[str, Ended]]:
    """Return the findings that are open after the last run, with their start, and those that ended. By key.

    runs   oldest first
    """
    still_open: dict[str, datetime] = {}
    ended: dict[str, Ended] = {}
    for entry in runs:
        as_of = entry.run.as_of
        missing = still_open.keys() - entry.keys
        for key in missing - _unchecked(missing, entry):
            ended[key] = Ended(still_open.pop(key), as_of)
        still_open |= dict.fromkeys(entry.keys - still_open.keys(), as_of)
    return still_open, {key: end for key, end in ended.items() if key not in still_open}


def may_be_older(still_open: Mapping[str, datetime], runs: Sequence[RecordedRun]) -> list[str]:
    """Return the findings that may have been open before the first of the runs that were followed."""
    # An incomplete run at the start does not say whether a finding was open before.
    first = next((entry.run.as_of for entry in runs if not is_incomplete(entry)), runs[-1].run.as_of)
    return [key for key, since in still_open.items() if since <= first]


def since_earlier(open_keys: Iterable[str], earlier: Iterable[RecordedRun]) -> dict[str, datetime]:
    """Return since when findings were open before the runs that were read: the first run of an unbroken sequence.

    earlier   runs before those, newest first. They are read until no finding is left that may be older.
    """
    since: dict[str, datetime] = {}
    unbroken = {*open_keys}
    for entry in earlier:
        reported = unbroken & entry.keys
        since |= dict.fromkeys(reported, entry.run.as_of)
        unbroken = reported | _unchecked(unbroken - reported, entry)
        if not unbroken:
            break
    return since


def strips(runs: Sequence[RecordedRun]) -> Callable[[str], Strip]:
    """Return a function that says whether each of these runs saw a finding.

    An incomplete run that did not see it proves nothing.
    """
    unseen: list[Seen] = ["unknown" if is_incomplete(entry) else "not seen" for entry in runs]
    # Most findings of a check have the same strip: keep one of each.
    made: dict[tuple[bool, ...], Strip] = {}
    always = frozenset.intersection(*(entry.keys for entry in runs))

    def strip(key: str) -> Strip:
        seen_by = (True,) * len(runs) if key in always else tuple([key in entry.keys for entry in runs])
        if seen_by not in made:
            made[seen_by] = tuple(
                (entry.run.as_of, "seen" if is_seen else otherwise)
                for entry, is_seen, otherwise in zip(runs, seen_by, unseen, strict=True)
            )
        return made[seen_by]

    return strip


def is_incomplete(entry: RecordedRun) -> bool:
    """Whether a run could not look at everything."""
    return any(key.startswith(_NOT_CHECKED) for key in entry.keys)


def _unchecked(keys: Collection[str], entry: RecordedRun) -> set[str]:
    """Return those of the keys that a run may not have checked."""
    unreached = not_reached(identity_of(key) for key in entry.keys if key.startswith(_NOT_CHECKED)) if keys else []
    return {key for key in keys if any(may_overlap(identity_of(key)[1], subject) for subject in unreached)}
