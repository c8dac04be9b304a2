from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.audit.findings.losses import EarlierCount, with_losses
from logops.audit.judge.table_stats import Fault, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.delete_requests import DeleteRange
from logops.audit.policy.retention import StreamRule, TenantRules, Windows
from logops.audit.reduce import earlier_counts, holdings_table
from logops.audit.request import AuditRequest, Check
from logops.findings.kinds import HOLDINGS
from logops.findings.store import ResultsStore

DAY = 86_400_000
TODAY = 20_000
TERMS = AuditPolicy({"team": TenantRules(90 * DAY)}, TenantRules(0), {}, {}, Windows(0, 0, 0, 0, 0, 0), markers=False)
MOST = EarlierCount(
    "loki_index_19990", 19_990, "team", 90 * DAY, indexed=10, bytes=1_000, chunks=10, counted_at=1.0, tenant_total=10
)


def held(indexed: int, period: int = 90) -> TableStats:
    return TableStats(
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
    *holdings: TableStats, most: EarlierCount = MOST, terms: AuditPolicy = TERMS, faults: tuple[Fault, ...] = ()
) -> list[tuple[int, int]]:
    """Return the chunks and bytes of each fault."""
    judged = with_losses([most], holdings, faults, terms, TODAY * DAY)
    return [(one.count, one.bytes) for one in judged if one.cls == "retention-undershoot"]


def lost_from_index(*holdings: TableStats, faults: tuple[Fault, ...] = ()) -> list[tuple[str, int]]:
    """Return class and chunks of every fault."""
    return [(one.cls, one.count) for one in with_losses([MOST], holdings, faults, TERMS, TODAY * DAY)]


def test_chunks_lost_since_earlier_audit_are_undershoot() -> None:
    assert gone(held(7)) == [(3, 300)]
    assert gone() == [(10, 1_000)]


def test_unchanged_or_larger_chunk_count_is_no_undershoot() -> None:
    assert gone(held(10)) == gone(held(12)) == []


def test_table_with_possibly_expired_chunks_is_not_judged_for_undershoot() -> None:
    old = replace(MOST, day=TODAY - 91)

    assert gone(most=old) == []
    assert gone(most=replace(MOST, day=TODAY - 90)) == [(10, 1_000)]


def test_undershoot_excludes_chunks_already_reported_as_missing() -> None:
    missing = Fault("chunk-missing", MOST.table, MOST.day, "team", 2, 0, 0.0, ())

    assert gone(held(7), faults=(missing,)) == [(1, 100)]
    assert gone(held(7), faults=(replace(missing, candidates=1),)) == []
    assert gone(held(8), faults=(missing,)) == []


def test_delete_request_excuses_undershoot_only_in_its_range() -> None:
    def asked(first: int, last: int) -> AuditPolicy:
        return replace(TERMS, deletes={"team": (DeleteRange(first * DAY, last * DAY, None),)})

    assert gone(terms=asked(MOST.day, MOST.day + 1)) == []
    assert gone(terms=asked(MOST.day + 2, MOST.day + 3)) == [(10, 1_000)]


def test_chunks_moved_to_other_period_are_no_undershoot() -> None:
    assert gone(held(4), held(6, period=120)) == []


def test_retention_period_no_longer_in_rules_is_not_judged_for_undershoot() -> None:
    assert gone(terms=replace(TERMS, rules={"team": TenantRules(30 * DAY)})) == []


def test_blobs_that_lost_their_index_are_no_undershoot_and_no_orphans() -> None:
    orphaned = Fault("chunk-orphaned", MOST.table, MOST.day, "team", 10, 0, 0.0, ("a", "b"))
    left = replace(held(0), chunks=10)

    assert lost_from_index(left, faults=(orphaned,)) == [("index-lost", 10)]
    assert lost_from_index(replace(left, young=10)) == [("index-lost", 10)]
    (lost,) = with_losses([MOST], [left], [orphaned], TERMS, TODAY * DAY)
    assert (lost.bytes, lost.since, lost.sample) == (1_000, 1.0, ("a", "b"))


def test_loss_of_index_and_of_blobs_is_split() -> None:
    assert lost_from_index(replace(held(5), chunks=8)) == [("index-lost", 3), ("retention-undershoot", 2)]


def test_blobs_written_after_the_count_do_not_stand_for_lost_ones() -> None:
    written_since = replace(held(7), chunks=10, young=3, written_ms=2_000)

    assert lost_from_index(written_since) == [("retention-undershoot", 3)]


def test_orphans_beyond_the_lost_index_stay_orphans() -> None:
    orphaned = Fault("chunk-orphaned", MOST.table, MOST.day, "team", 5, 0, 0.0, ())

    assert lost_from_index(replace(held(8), chunks=13), faults=(orphaned,)) == [
        ("chunk-orphaned", 5),
        ("index-lost", 2),
    ]


def test_chunks_that_the_sweeper_still_has_to_delete_lost_no_index() -> None:
    backlog = Fault("marker-backlog", MOST.table, MOST.day, "team", 2, 0, 0.0, ())

    assert lost_from_index(replace(held(10), chunks=13, deleting=1), faults=(backlog,)) == [("marker-backlog", 2)]


AS_OF = datetime.fromtimestamp(TODAY * 86_400, UTC)


def after(*nights: list[TableStats], store: ResultsStore, terms: AuditPolicy) -> list[tuple[int, int]]:
    """Return the undershoot of the last night, when each night is compared with earlier nights."""
    for nth, holdings in enumerate(nights):
        as_of = AS_OF + timedelta(hours=nth)
        asked = AuditRequest((Check.RETENTION,), f"night {nth}", as_of)
        most = [*earlier_counts(store, "test", "main", as_of)]
        last = [(one.count, one.bytes) for one in with_losses(most, holdings, (), terms, TODAY * DAY)]
        table = holdings_table("test", asked, [("main", one) for one in holdings])
        store.write(HOLDINGS, f"test.night {nth}", table, as_of)
    return last


def test_new_stream_rule_that_moves_chunks_causes_no_undershoot(tmp_path: Path) -> None:
    rules = TenantRules(90 * DAY, (StreamRule('{level="error"}', 120 * DAY),))
    terms = replace(TERMS, rules={"team": rules})
    store = ResultsStore(str(tmp_path))

    assert after([held(10)], [held(10, period=120)], [held(10, period=120)], store=store, terms=terms) == []
    assert after([held(4), held(6, period=120)], [held(4), held(6, period=120)], store=store, terms=terms) == []


def test_chunks_lost_after_new_stream_rule_are_undershoot(tmp_path: Path) -> None:
    rules = TenantRules(90 * DAY, (StreamRule('{level="error"}', 120 * DAY),))
    terms = replace(TERMS, rules={"team": rules})
    store = ResultsStore(str(tmp_path))

    assert after([held(10)], [held(10, period=120)], [held(7, period=120)], store=store, terms=terms) == [(3, 300)]
