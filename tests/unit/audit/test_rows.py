from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from logops.audit.judge.batch_result import Unreadable
from logops.audit.judge.table_stats import DayReads, TableStats
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.phase import Phase
from logops.audit.policy.retention import FOR_EVER, TenantRules, Windows
from logops.audit.report.result import TableRow
from logops.audit.report.rows import rows_of
from logops.audit.survey.objects import DAY_MS, IndexFile
from logops.findings import Finding, Subject
from logops.findings.classes.audit import CHUNK_MISSING

DAY = 20_000
TABLE = f"loki_index_{DAY}"
TIMES = Windows(0, 0, 0, 0, 0, 0)
TERMS = AuditPolicy({"team": TenantRules(90 * DAY_MS)}, TenantRules(30 * DAY_MS), {}, {}, TIMES, markers=False)
FILE = IndexFile(f"index/{TABLE}/team/1.tsdb.gz", TABLE, DAY, "team", "compactor", 0.0, 9, 1, 0)


def held(tenant: str = "team", *, chunks: int = 5, indexed: int = 0, young: int = 0, deleting: int = 0) -> TableStats:
    none = (0,) * 5
    return TableStats(TABLE, DAY, tenant, 0, chunks, 9, indexed, 0, 0, deleting, young, none, none, 0, 0, 0)


def rows(
    *holdings: TableStats,
    files: Sequence[IndexFile] = (),
    findings: Sequence[Finding] = (),
    unreadable: Sequence[Unreadable] = (),
    reads: Sequence[DayReads] = (),
    days: float = 10,
) -> list[TableRow]:
    as_of_ms = int((DAY + 1 + days) * DAY_MS)
    found = rows_of(
        "main", holdings, files, findings, TERMS, as_of_ms, reads_chunks=True, unreadable=unreadable, reads=reads
    )
    return [*found]


def test_table_with_all_chunks_missing_still_has_row() -> None:
    subject = Subject("local", "main", tenant="team", table=TABLE)
    missing = Finding(CHUNK_MISSING, subject, "all gone", datetime.now(UTC))
    (row,) = rows(files=[FILE], findings=[missing])

    assert (row.table, row.tenant, row.day, row.chunks, row.files, row.findings) == (TABLE, "team", DAY, 0, 1, 1)
    assert row.phase is Phase.RETAINED


def test_finding_for_table_without_chunks_or_index_has_row() -> None:
    subject = Subject("local", "main", tenant="team", table=TABLE)
    (row,) = rows(findings=[Finding(CHUNK_MISSING, subject, "all gone", datetime.now(UTC))])

    assert (row.table, row.tenant, row.day, row.chunks) == (TABLE, "team", DAY, 0)


def test_table_in_which_no_chunk_ends_has_a_row_with_what_queries_read() -> None:
    not_compacted = replace(FILE, tenant="", name=f"index/{TABLE}/1-ingester.tsdb.gz")
    (row,) = rows(files=[not_compacted], reads=[DayReads(TABLE, "team", 2, 900, 7_000, 500)])

    assert (row.tenant, row.chunks, row.read_chunks, row.read_bytes) == ("team", 0, 2, 900)
    assert (row.kept_longer_ms, row.kept_longer_bytes) == (7_000, 500)


def test_table_with_only_young_chunks_is_retained() -> None:
    assert rows(held(young=5))[0].phase is Phase.RETAINED


def test_table_with_unreadable_index_is_retained() -> None:
    damaged = Unreadable(FILE.name, TABLE, "team", 9, 4, "cut short")

    assert rows(held(), files=[FILE], unreadable=[damaged])[0].phase is Phase.RETAINED


def test_table_with_only_chunks_being_deleted_is_expired() -> None:
    assert rows(held(deleting=5))[0].phase is Phase.EXPIRED


def test_row_of_undeclared_tenant_uses_default_retention() -> None:
    assert rows(held("stranger", indexed=5), days=31)[0].phase is Phase.EXPIRED
    assert rows(held("team", indexed=5), days=31)[0].phase is Phase.RETAINED


def test_row_tells_when_its_first_and_last_chunks_expire() -> None:
    (row,) = rows(held(indexed=5))

    assert row.first_expires == datetime.fromtimestamp((DAY + 90) * 86_400, UTC)
    assert row.last_expires == datetime.fromtimestamp((DAY + 91) * 86_400, UTC)


def test_row_of_a_tenant_that_is_kept_for_ever_never_expires() -> None:
    policy = replace(TERMS, rules={"team": TenantRules(FOR_EVER)})
    (row,) = rows_of("main", [held(indexed=5)], (), (), policy, (DAY + 9) * DAY_MS, reads_chunks=True)

    assert (row.first_expires, row.last_expires) == (None, None)
