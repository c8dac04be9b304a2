"""The section of the page about tables: the wrong day among thousands is seen first, and every day is explained."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from logops.audit.content.coverage import Coverage
from logops.audit.policy.phase import Phase
from logops.audit.report.recorded import phases_table
from logops.audit.report.result import TableRow
from logops.environment.cluster import Data as Audience
from logops.findings import Finding, FindingClass, Run, Subject
from logops.findings.acceptance import Acceptance
from logops.findings.classes.audit import CHUNK_MISSING, TIER_TOO_WARM
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.kinds import CONTENT_COVERAGE, TABLE_PHASES
from logops.findings.store import ResultsStore
from logops.report import content_coverage
from logops.report.content_coverage import ClusterCoverage
from logops.report.page import build
from logops.report.section import EVERYTHING, STANDARD, Section
from logops.report.sections import tables
from logops.report.sections.tables import TenantTables
from logops.report.state import Check, KnownFinding, State
from tests.support.environments import environment

NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)
NOW = NIGHT + timedelta(hours=3)
EPOCH = date(1970, 1, 1)
HOSTILE = "</script><script>alert('x')</script><img src=x>"


def row(
    day: str, phase: Phase = Phase.RETAINED, *, cluster: str = "main", tenant: str = "shop", hot: int = 0, cool: int = 9
) -> TableRow:
    number = (date.fromisoformat(day) - EPOCH).days
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return TableRow(
        cluster=cluster,
        table=f"loki_index_{number}",
        day=number,
        tenant=tenant,
        phase=phase,
        action="its first chunks expire",
        due=start + timedelta(days=90),
        files=1,
        chunks=hot + cool,
        bytes=3 << 30,
        tier_chunks=(0, hot, cool, 0, 0),
        findings=0,
        first_expires=start + timedelta(days=90),
        last_expires=start + timedelta(days=121),
    )


def found(
    day: str = "",
    cls: FindingClass = CHUNK_MISSING,
    *,
    tenant: str = "shop",
    audience: Audience = "standard",
    accepted: bool = False,
) -> KnownFinding:
    table = f"loki_index_{(date.fromisoformat(day) - EPOCH).days}" if day else ""
    subject = Subject("local", "main", tenant=tenant, table=table)
    finding = Finding(cls, subject, "3 chunks are missing", NIGHT)
    acceptance = Acceptance(cls.name, subject, "anna", "lost in March", NIGHT, NIGHT) if accepted else None
    run = Run("local", "retention-audit", "night", NIGHT)
    return KnownFinding(finding, NIGHT, "retention-audit", run, audience, acceptance)


def tenants(*rows: TableRow) -> list[TenantTables]:
    groups: dict[tuple[str, str], list[TableRow]] = {}
    for each in rows:
        groups.setdefault((each.cluster, each.tenant), []).append(each)
    return [
        TenantTables(cluster, tenant, "security" if cluster == "security" else "standard", NIGHT, tuple(of_tenant))
        for (cluster, tenant), of_tenant in groups.items()
    ]


def state(*found: KnownFinding, now: datetime = NOW) -> State:
    retention = Check("retention-audit", Run("local", "retention-audit", "night", NIGHT), NIGHT + timedelta(days=1))
    return State("local", now, (retention,), found, ())


def shown(*rows: TableRow, found: tuple[KnownFinding, ...] = (), **changes: Any) -> Section:
    return tables.section(tenants(*rows), state(*found, **changes), (), STANDARD)


def month(section: Section, name: str) -> str:
    """Return the letters of a month."""
    (line,) = re.findall(rf'data-month="{name}".*?<span class="days">(.*?)</span></p>', str(section.body))
    return re.sub("<[^>]*>", "", line)


def explained(section: Section) -> Any:
    (text,) = re.findall(
        r'<script type="application/json" id="table-days">(.*?)</script>', str(section.body), re.DOTALL
    )
    return json.loads(text)


def test_tables_without_findings_are_as_promised() -> None:
    section = shown(row("2026-10-01"), row("2026-10-02"))

    assert section.mark == "ok"
    assert section.summary == "All 2 tables of 1 tenant are as promised. Last checked 2026-11-28 03:00 UTC."


def test_calendar_has_a_letter_for_each_day_and_a_point_where_nothing_is_stored() -> None:
    section = shown(
        row("2026-09-30", Phase.EXPIRING),
        row("2026-10-02"),
        row("2026-10-04", Phase.COMPACTED, hot=9, cool=0),
        row("2026-10-05", Phase.INGESTING),
    )

    assert month(section, "2026-09").strip() == "." * 29 + "E"
    assert month(section, "2026-10") == ".C.HI" + " " * 26


def test_months_stand_with_the_newest_first() -> None:
    section = shown(row("2025-12-31"), row("2026-02-01"))

    assert re.findall(r'data-month="([^"]*)"', str(section.body)) == ["2026-02", "2026-01", "2025-12"]


def test_day_with_a_finding_is_marked_and_leads_to_it() -> None:
    missing = found("2026-10-02")
    section = shown(row("2026-10-01"), row("2026-10-02"), row("2026-10-03"), found=(missing,))

    assert month(section, "2026-10").startswith("C!C")
    assert (
        f'<a class="wrong" href="#finding={missing.finding.id}" aria-label="2026-10-02: chunk-missing">' in section.body
    )
    assert section.mark == "error"
    assert section.summary.startswith("1 of 3 tables of 1 tenant has a finding: main / shop 2026-10-02.")


@pytest.mark.parametrize(
    ("entry", "letter", "mark"),
    [
        (found("2026-10-02", TIER_TOO_WARM), "!", "warning"),
        (found("2026-10-02", CHECK_INCOMPLETE), "?", "unknown"),
        (found("2026-10-02", accepted=True), "*", "ok"),
    ],
)
def test_day_has_the_letter_of_its_finding(entry: KnownFinding, letter: str, mark: str) -> None:
    section = shown(row("2026-10-02"), found=(entry,))

    assert month(section, "2026-10")[1] == letter
    assert section.mark == mark


def test_finding_of_a_table_without_tenant_marks_all_its_tenants() -> None:
    section = shown(
        row("2026-10-02", tenant="shop"), row("2026-10-02", tenant="web"), found=(found("2026-10-02", tenant=""),)
    )

    assert section.summary.startswith("2 of 2 tables of 2 tenants have a finding")


def test_finding_about_a_whole_cluster_is_a_problem_without_days() -> None:
    section = shown(row("2026-10-02"), found=(found(tenant=""),))

    assert section.mark == "error"
    assert section.summary.startswith(
        "No single table of 1 table of 1 tenant has a finding, but there is 1 finding about whole clusters or tenants."
    )


def test_tenant_with_a_finding_stands_first_and_open() -> None:
    rows = [row("2026-10-02", tenant=f"tenant-{number:02d}") for number in range(20)]
    section = shown(*rows, found=(found("2026-10-02", tenant="tenant-17"),))

    tenants = re.findall(r'<details class="tenant"( open)?>.*?<strong>main / ([^<]*)', str(section.body), re.DOTALL)
    assert tenants[:2] == [(" open", "tenant-17"), ("", "tenant-00")]


def test_day_is_explained_with_phase_content_next_step_and_expiry() -> None:
    mixed = found("2026-10-03")
    section = shown(row("2026-10-01"), row("2026-10-03", hot=2), found=(mixed,))

    days = explained(section)["main/shop"]
    assert (days["first"], days["day"], days["checked"]) == ("2026-10-01", 20_727, "2026-11-28 03:00 UTC")
    assert days["texts"][days["text"][0]] == [
        "loki_index_", "retained: in its final tier until it expires", "its first chunks expire", "all in Cool",
    ]  # fmt: skip
    assert days["text"][1] is None
    assert (days["chunks"], days["size"]) == ([9, None, 11], ["3.0 GiB", None, "3.0 GiB"])
    assert (days["due"][0], days["from"][0], days["until"][0]) == (90, 90, 121)
    assert days["tiers"] == {"2": "2 in Hot, 9 in Cool"}
    assert days["found"] == {"2": [["chunk-missing", mixed.finding.id]]}


def test_step_that_is_overdue_says_so() -> None:
    late = row("2026-08-20", Phase.EXPIRING)

    assert explained(shown(late))["main/shop"]["due"] == ["2026-11-18 00:00 UTC (overdue)"]


def test_contents_that_no_check_has_read_are_said_to_be_unchecked() -> None:
    assert "Not checked yet: the contents of chunks." in shown(row("2026-10-02")).body


def test_contents_that_were_read_have_their_coverage_for_the_readers_of_the_cluster() -> None:
    covered = Coverage(100_000, 1_000, 63_000, 610, 0)
    contents = [
        ClusterCoverage("main", "standard", NIGHT, covered, 3, 30),
        ClusterCoverage("vault", "security", NIGHT, covered, 0, 30),
    ]

    body = tables.section(tenants(row("2026-10-02")), state(), contents, STANDARD).body

    assert "main: 61 % of bytes verified within 30 days; at 95 % confidence fewer than 1 in 21,000 chunks" in body
    assert "3 chunks in Archive cannot be read." in body
    assert "vault" not in body


def test_coverage_is_summed_over_the_tables_of_the_newest_content_audit(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    for back, verified in ((1, 1), (0, 30)):
        counts = {"chunks": 50, "bytes": 500, "archived_chunks": 10, "archived_bytes": 100, "damaged_chunks": 0}
        counts |= {"verified_chunks": verified, "verified_bytes": 10 * verified}
        as_of = NIGHT - timedelta(days=back)
        about = {"environment": "local", "run": f"night-{back}", "as_of": as_of, "cluster": "main"}
        store.write(CONTENT_COVERAGE, f"local.{back}", pa.Table.from_pylist([{**about, **counts}] * 2), as_of)

    [covered] = content_coverage.read(store, environment("local"), NOW)

    assert (covered.cluster, covered.as_of, covered.archived_chunks) == ("main", NIGHT, 20)
    assert covered.coverage == Coverage(80, 800, 60, 600, 0)


def test_audit_that_is_overdue_is_no_good_answer() -> None:
    section = shown(row("2026-10-02"), now=NIGHT + timedelta(days=2))

    assert section.mark == "unknown"
    assert section.summary.endswith("The next audit is overdue.")


def test_hostile_tenant_and_message_are_escaped() -> None:
    hostile = found("2026-10-02", tenant=HOSTILE)
    body = str(shown(row("2026-10-02", tenant=HOSTILE), found=(hostile,)).body)

    assert "<script>alert" not in body
    assert "<img" not in body
    assert escape(HOSTILE) in body
    assert f"main/{HOSTILE}" in explained(shown(row("2026-10-02", tenant=HOSTILE)))


def test_year_with_a_finding_every_day_has_runs_instead_of_links() -> None:
    """18,000 links would be a page of megabytes."""
    days = [(date(2025, 11, 28) + timedelta(days=number)).isoformat() for number in range(366)]
    body = shown(*map(row, days), found=tuple(map(found, days))).body

    assert "!" * 31 in body
    assert body.count("<a ") < 50


names = st.from_regex(r"[a-z][a-z0-9]{7,15}", fullmatch=True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(names, min_size=1, max_size=4, unique=True), st.sampled_from(Phase))
def test_page_for_standard_readers_has_no_name_of_a_security_tenant(secret: list[str], phase: Phase) -> None:
    names = [f"secret{name}" for name in secret]
    rows = [row("2026-10-02", phase, cluster="security", tenant=name) for name in names]
    entries = tuple(found("2026-10-02", tenant=name, audience="security") for name in names)

    section = shown(row("2026-10-02"), *rows, found=entries)

    text = f"{section.summary} {section.body}"
    assert "secret" not in text.replace("security clusters", "")
    assert section.mark == "ok"


def test_security_reader_sees_security_tenants() -> None:
    section = tables.section(
        tenants(row("2026-10-02", cluster="security", tenant="audit-team")), state(), (), EVERYTHING
    )

    assert "security / audit-team" in section.body


def test_newest_tables_of_each_cluster_are_read_from_the_store(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    rows = [row("2026-10-01"), row("2026-10-02")]
    store.write(TABLE_PHASES, "local.night", phases_table("local", "night", NIGHT, rows), NIGHT)

    (tenant,) = tables.read(store, environment("local"), NOW)

    assert (tenant.name, tenant.as_of, tenant.audience) == ("main / shop", NIGHT, "standard")
    assert tenant.rows == tuple(rows)


def test_page_of_a_store_marks_the_wrong_day(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write(TABLE_PHASES, "local.night", phases_table("local", "night", NIGHT, [row("2026-10-02")]), NIGHT)
    missing = found("2026-10-02").finding
    store.write_findings(Run("local", "retention-audit", "night", NIGHT), [missing])

    (section,) = build(store, environment("local"), NOW, STANDARD, [tables]).sections

    assert section.mark == "error"
    assert f"#finding={missing.id}" in section.body


def test_store_without_tables_says_which_command_records_them(tmp_path: Path) -> None:
    section = build(ResultsStore(str(tmp_path)), environment("local"), NOW, STANDARD, [tables]).sections[0]

    assert (section.mark, section.summary) == ("unknown", "Not known: no audit has recorded tables yet.")
    assert "audits by older versions of logops recorded none" in section.body
    assert "`logops audit retention local`" in section.body
