from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.findings import Finding, FindingClass, Run, Severity, Subject
from logops.findings.classes import REGISTRY
from logops.findings.history import Changes, OpenFinding, compare, read_changes
from logops.findings.store import ResultsStore

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
LOST = FindingClass("line-lost", Severity.CRITICAL, "m", "w", "r")
LATE = FindingClass("line-late", Severity.WARNING, "m", "w", "r")
INCOMPLETE = REGISTRY["check-incomplete"]

words = st.sampled_from(["", "a", "b"])
subjects = st.builds(Subject, cluster=words, tenant=words, table=words)
shapes = st.tuples(st.sampled_from([LOST, LATE, INCOMPLETE]), subjects)
histories = st.lists(st.lists(shapes, max_size=4), min_size=1, max_size=6)
NOTHING = Changes((), (), (), ())


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def on(number: int, shapes: list[tuple[FindingClass, Subject]]) -> list[Finding]:
    return [Finding(cls, subject, f"seen on day {number}", day(number)) for cls, subject in shapes]


def fold(history: list[list[tuple[FindingClass, Subject]]]) -> Changes:
    changes = NOTHING
    for number, shapes in enumerate(history):
        changes = compare(changes.open, on(number, shapes))
    return changes


def identities(seen: tuple[OpenFinding, ...]) -> set[object]:
    return {entry.finding.identity for entry in seen}


@given(histories)
def test_every_current_finding_is_either_new_or_still_open(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    changes = fold(history)
    current = {(cls.name, subject) for cls, subject in history[-1]}

    assert identities(changes.new) | identities(changes.still) == current
    assert not identities(changes.new) & identities(changes.still)


@given(histories)
def test_every_previous_finding_is_still_open_gone_or_unknown(
    history: list[list[tuple[FindingClass, Subject]]],
) -> None:
    before = fold(history[:-1])
    changes = compare(before.open, on(len(history) - 1, history[-1]))
    parts = [identities(part) for part in (changes.still, changes.gone, changes.unknown)]

    assert set().union(*parts) == identities(before.open)
    assert sum(map(len, parts)) == len(before.open)


@given(histories)
def test_gone_finding_is_not_in_the_current_run(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    assert not identities(fold(history).gone) & {(cls.name, subject) for cls, subject in history[-1]}


@given(histories)
def test_comparing_the_same_run_again_changes_nothing(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    once = fold(history)
    again = compare(once.open, on(len(history) - 1, history[-1]))

    assert again.new == again.gone == ()
    assert set(map(_since, again.open)) == set(map(_since, once.open))


@given(histories)
def test_run_that_checked_nothing_leaves_no_finding_gone(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    open_before = fold(history)

    assert compare(open_before.open, on(9, [(INCOMPLETE, Subject())])).gone == ()


@given(histories)
def test_complete_run_leaves_no_finding_unknown(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    complete = [shape for shape in history[-1] if shape[0] != INCOMPLETE]

    assert fold([*history[:-1], complete]).unknown == ()


@given(histories)
def test_first_seen_time_is_kept_while_finding_is_open(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    before = {entry.finding.identity: entry.since for entry in fold(history[:-1]).open}

    for entry in fold(history).open:
        assert entry.since == before.get(entry.finding.identity, day(len(history) - 1))


def _since(seen: OpenFinding) -> tuple[object, datetime]:
    return seen.finding.identity, seen.since


def test_finding_that_returns_is_new_again() -> None:
    lost = (LOST, Subject(tenant="a"))

    (entry,) = fold([[lost], [], [lost]]).new

    assert entry.since == day(2)


def test_finding_with_changed_message_and_evidence_is_still_open() -> None:
    (before,) = fold([[(LOST, Subject())]]).open
    worse = Finding(LOST, Subject(), "more of it", day(1), {"lines": 9})

    (entry,) = compare([before], [worse]).still

    assert (entry.finding.message, entry.since) == ("more of it", day(0))


def test_finding_whose_class_has_another_severity_now_is_still_open() -> None:
    """A later version of logops may change the severity of a class. Its name stays."""
    (before,) = fold([[(LOST, Subject())]]).open
    milder = Finding(replace(LOST, severity=Severity.WARNING), Subject(), "m", day(1))

    changes = compare([before], [milder])

    assert [(entry.finding.cls.severity, entry.since) for entry in changes.still] == [(Severity.WARNING, day(0))]
    assert (changes.new, changes.gone, changes.unknown) == ((), (), ())


@pytest.mark.parametrize(
    ("unreached", "subject", "is_known"),
    [
        (Subject(), Subject(cluster="main", tenant="a"), False),
        (Subject(cluster="main"), Subject(cluster="main", tenant="a"), False),
        (Subject(cluster="main"), Subject(cluster="security"), True),
        (Subject(cluster="main", table="20000"), Subject(cluster="main", table="20001"), True),
        # A finding about a whole tenant may come from the one table that was not reached.
        (Subject(cluster="main", table="20000"), Subject(cluster="main", tenant="a"), False),
        (Subject(cluster="main", table="20000"), Subject(), False),
    ],
)
def test_missing_finding_is_unknown_only_if_the_check_may_have_skipped_it(
    unreached: Subject, subject: Subject, is_known: bool
) -> None:
    changes = fold([[(LOST, subject)], [(INCOMPLETE, unreached)]])

    assert identities(changes.gone if is_known else changes.unknown) == {("line-lost", subject)}


def test_unknown_finding_seen_again_keeps_its_first_seen_time() -> None:
    lost = (LOST, Subject(tenant="a"))

    changes = fold([[lost], [(INCOMPLETE, Subject())], [lost]])

    assert [entry.since for entry in changes.still] == [day(0)]


def test_unknown_finding_missing_from_complete_run_is_gone() -> None:
    changes = fold([[(LOST, Subject(tenant="a"))], [(INCOMPLETE, Subject())], []])

    assert identities(changes.gone) == {("line-lost", Subject(tenant="a")), ("check-incomplete", Subject())}


def stored(history: list[list[tuple[FindingClass, Subject]]], url: str = "") -> ResultsStore:
    store = ResultsStore(url or f"memory://{uuid4().hex}")
    for number, shapes in enumerate(history):
        store.write_findings(Run("local", "audit", f"run-{number}", day(number)), on(number, shapes))
    return store


@given(histories)
def test_changes_read_from_store_equal_changes_in_memory(history: list[list[tuple[FindingClass, Subject]]]) -> None:
    read = read_changes(stored(history), "local", "audit", day(len(history)))

    assert read is not None
    run, changes = read
    wanted = fold(history)
    assert run.id == f"run-{len(history) - 1}"
    for part in ("new", "still", "gone", "unknown"):
        assert set(map(_since, getattr(changes, part))) == set(map(_since, getattr(wanted, part)))


def test_changes_of_check_that_never_ran_are_none() -> None:
    assert read_changes(stored([[]]), "local", "benchmark", day(9)) is None


def test_changes_at_a_past_time_ignore_later_runs() -> None:
    lost = (LOST, Subject())
    store = stored([[lost], [], [lost]])

    read = read_changes(store, "local", "audit", day(1))

    assert read is not None
    assert (read[0].id, identities(read[1].gone)) == ("run-1", {("line-lost", Subject())})


def test_run_written_again_does_not_change_the_history() -> None:
    lost = (LOST, Subject())
    store = stored([[lost], [lost]])
    before = read_changes(store, "local", "audit", day(1))

    store.write_findings(Run("local", "audit", "run-1", day(1)), on(1, [lost]))

    assert read_changes(store, "local", "audit", day(1)) == before


def test_reading_stops_at_the_last_run_without_findings(tmp_path: Path) -> None:
    lost = (LOST, Subject())
    store = stored([[lost], [lost], [], [lost], [lost]], str(tmp_path))
    older = [file for number in (0, 1) for file in tmp_path.rglob(f"*run-{number}*") if file.is_file()]
    for file in older:
        file.write_bytes(b"reading this file fails")
    answer = read_changes(store, "local", "audit", day(4))

    assert answer is not None
    assert [entry.since for entry in answer[1].still] == [day(3)]
    assert len(older) == 2
