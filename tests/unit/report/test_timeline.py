"""The timeline of the page follows keys by the same rules by which `findings.history` follows findings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.findings import Finding, Identity, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING, TIER_TOO_WARM
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes, compare
from logops.findings.store import RecordedRun
from logops.findings.table import identity_of, key_of
from logops.report.timeline import follow, may_be_older, since_earlier, strips

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
LOST = (CHUNK_MISSING.name, Subject(tenant="a"))
UNREACHED = (CHECK_INCOMPLETE.name, Subject())
CLASSES = {cls.name: cls for cls in (CHUNK_MISSING, TIER_TOO_WARM, CHECK_INCOMPLETE)}

words = st.sampled_from(["", "a", "b"])
identities = st.tuples(st.sampled_from([*CLASSES]), st.builds(Subject, cluster=words, tenant=words, table=words))
histories = st.lists(st.lists(identities, max_size=4, unique=True), min_size=1, max_size=7)


def moment(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def recorded(history: Sequence[Sequence[Identity]]) -> list[RecordedRun]:
    return [
        RecordedRun(Run("local", "audit", f"{number}", moment(number)), frozenset(map(key_of, found)), lambda keys: {})
        for number, found in enumerate(history)
    ]


def since(history: Sequence[Sequence[Identity]], read: int) -> Mapping[Identity, datetime]:
    """Since when the findings of the last run are open, if the last runs are followed, and then the earlier ones."""
    runs = recorded(history)
    earlier, followed = runs[:-read], runs[-read:]
    still_open, _ = follow(followed)
    still_open |= since_earlier(may_be_older(still_open, followed), reversed(earlier))
    return {identity_of(key): start for key, start in still_open.items()}


@given(histories)
def test_findings_are_open_and_gone_as_the_history_says(history: list[list[Identity]]) -> None:
    changes = Changes((), (), (), ())
    gone: dict[Identity, tuple[datetime, datetime]] = {}
    for number, found in enumerate(history):
        changes = compare(changes.open, [Finding(CLASSES[name], part, "", moment(number)) for name, part in found])
        gone |= {entry.finding.identity: (entry.since, moment(number)) for entry in changes.gone}
        gone = {identity: times for identity, times in gone.items() if identity not in found}

    still_open, ended = follow(recorded(history))

    assert {identity_of(key): since for key, since in still_open.items()} == {
        entry.finding.identity: entry.since for entry in changes.open
    }
    assert {identity_of(key): (end.since, end.until) for key, end in ended.items()} == gone


@pytest.mark.parametrize("read", [1, 2, 3])
@pytest.mark.parametrize(
    ("history", "day"),
    [
        ([[LOST], [LOST], [LOST], [LOST]], 0),
        ([[LOST], [], [LOST], [LOST]], 2),
        ([[LOST], [UNREACHED], [LOST], [LOST]], 0),
        ([[], [UNREACHED], [LOST], [LOST]], 2),
    ],
    ids=["always", "after a gap", "an incomplete run is no gap", "an incomplete run is no start"],
)
def test_start_of_a_finding_is_found_however_many_runs_are_followed(
    history: list[list[Identity]], day: int, read: int
) -> None:
    assert since(history, read)[LOST] == moment(day)


def test_strip_says_which_runs_saw_a_finding_and_which_did_not_look() -> None:
    strip = strips(recorded([[LOST], [UNREACHED], [], [LOST]]))

    assert [seen for _, seen in strip(key_of(LOST))] == ["seen", "unknown", "not seen", "seen"]


@given(identities)
def test_identity_is_the_same_after_a_round_trip_through_its_key(identity: Identity) -> None:
    assert identity_of(key_of(identity)) == identity
