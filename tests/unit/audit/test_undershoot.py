from dataclasses import replace

from logops.audit.deletes import DeleteRange
from logops.audit.holding import Fault, Holding
from logops.audit.retention import TenantRules, Windows
from logops.audit.terms import Terms
from logops.audit.undershoot import Most, undershoot

DAY = 86_400_000
TODAY = 20_000
TERMS = Terms({"team": TenantRules(90 * DAY)}, TenantRules(0), {}, {}, Windows(0, 0, 0, 0, 0, 0), markers=False)
MOST = Most("loki_index_19990", 19_990, "team", 90 * DAY, indexed=10, bytes=1_000, chunks=10, seen=1.0)


def held(indexed: int, period: int = 90) -> Holding:
    return Holding(
        MOST.table,
        MOST.day,
        "team",
        period * DAY,
        indexed,
        indexed * 100,
        indexed,
        0,
        0,
        0,
        0,
        (0,) * 5,
        (0,) * 5,
        0,
        0,
        0,
    )


def gone(
    *holdings: Holding, most: Most = MOST, terms: Terms = TERMS, faults: tuple[Fault, ...] = ()
) -> list[tuple[int, int]]:
    """Chunks and bytes of each fault."""
    return [(one.count, one.bytes) for one in undershoot([most], holdings, faults, terms, TODAY * DAY)]


def test_what_an_earlier_audit_counted_and_is_gone_is_found() -> None:
    assert gone(held(7)) == [(3, 300)]
    assert gone() == [(10, 1_000)]


def test_what_is_still_there_or_grew_is_not() -> None:
    assert gone(held(10)) == gone(held(12)) == []


def test_a_table_of_which_some_may_have_expired_is_not_judged() -> None:
    old = replace(MOST, day=TODAY - 91)

    assert gone(most=old) == []
    assert gone(most=replace(MOST, day=TODAY - 90)) == [(10, 1_000)]


def test_what_another_finding_tells_of_is_not_told_twice() -> None:
    missing = Fault("chunk-missing", MOST.table, MOST.day, "team", 2, 0, 0.0, ())

    assert gone(held(7), faults=(missing,)) == [(1, 100)]
    assert gone(held(8), faults=(missing,)) == []


def test_a_delete_request_excuses_what_it_reaches() -> None:
    def asked(first: int, last: int) -> Terms:
        return replace(TERMS, deletes={"team": (DeleteRange(first * DAY, last * DAY, None),)})

    assert gone(terms=asked(MOST.day, MOST.day + 1)) == []
    assert gone(terms=asked(MOST.day + 2, MOST.day + 3)) == [(10, 1_000)]


def test_chunks_whose_period_was_changed_are_not_gone() -> None:
    assert gone(held(4), held(6, period=120)) == []


def test_what_the_rules_no_longer_say_is_not_judged_by_them() -> None:
    assert gone(terms=replace(TERMS, rules={"team": TenantRules(30 * DAY)})) == []
