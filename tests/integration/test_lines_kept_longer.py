"""Late lines on a real Loki: one chunk of many days, which keeps its first lines longer than promised."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from logops.audit.report.explain import explained
from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Check
from logops.audit.run import run_audit
from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import ingester_urls
from logops.samples.settle import settle
from tests.support.local_platforms import processes_of, security_only
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(600)
CLUSTER, TENANT = "security", "security-team"
NOW = datetime.now(UTC).replace(microsecond=0)
FIRST, LAST = NOW - timedelta(days=20), NOW - timedelta(days=3)
LATE, ON_TIME = {"job": "import"}, {"job": "on-time"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """A Loki that stored one late line for each of 17 days, and an hour of lines that arrived at their time."""
    started = open_local(security_only("late"), tmp_path_factory.mktemp("late"))
    try:
        for stage in ("storage", "loki", "tenants"):
            started.apply(stage, started.desired()[stage], "tests", print)
        # Whole days apart: sync_period cuts no chunk, because each line has the same time of day.
        late = [Entry(nanoseconds(FIRST + timedelta(days=day)), LATE, f"day {day}") for day in range(18)]
        on_time = [
            Entry(nanoseconds(NOW - timedelta(minutes=minute)), ON_TIME, f"{minute}") for minute in range(60, 0, -1)
        ]
        with LokiClient(started.write_url(CLUSTER)) as client:
            client.push(TENANT, late)
            client.push(TENANT, on_time)
        settle(started, ingester_urls(started), print)
        yield started
    finally:
        started.down(print)
        assert processes_of(started.state) == []


@pytest.fixture(scope="module")
def result(platform: LocalPlatform) -> AuditResult:
    """The audit after the ingester has uploaded its index."""
    results: list[AuditResult] = []

    def index_is_read() -> bool:
        request = AuditRequest((Check.RETENTION,), "late", datetime.now(UTC))
        results.append(run_audit(platform, request, None, lambda _: None))
        return {table_of(FIRST), table_of(NOW)} <= {row.table for row in results[-1].rows if row.read_chunks}

    wait_for(index_is_read, 180, 1.0)
    return results[-1]


def table_of(moment: datetime) -> str:
    return f"security_{int(moment.timestamp()) // 86_400}"


def test_chunk_of_late_lines_is_the_only_finding_with_its_days_and_bytes(
    platform: LocalPlatform, result: AuditResult
) -> None:
    (finding,) = result.findings

    assert (finding.cls.name, finding.subject.table, finding.subject.tenant) == (
        "lines-kept-longer",
        table_of(LAST),
        TENANT,
    )
    declared = platform.environment.clusters[CLUSTER]
    with platform.object_store(declared.storage_account) as account:
        chunk = str(finding.evidence["sample"])
        assert finding.evidence["bytes"] == len(account.container(declared.containers.chunks).read(chunk))
    assert (finding.evidence["chunks"], finding.evidence["kept_longer_days"]) == (1, 17)
    assert "whose first lines are kept up to 17 days longer than their retention" in finding.message


def test_explanation_of_each_day_says_how_much_longer_its_lines_are_kept(result: AuditResult) -> None:
    explanations = {one.row.table: one.to_dict() for one in explained(result.rows, result.findings, NOW, TENANT)}

    def longer(moment: datetime) -> timedelta:
        return timedelta(seconds=explanations[table_of(moment)]["kept_longer"]["seconds"])

    midnight = LAST.replace(hour=0, minute=0, second=0)
    assert longer(FIRST) == LAST - FIRST
    assert longer(LAST - timedelta(days=1)) == LAST - midnight + timedelta(days=1)
    assert longer(LAST) == LAST - midnight


def test_lines_that_arrive_at_their_time_are_kept_no_longer_than_their_chunk_is_open(
    platform: LocalPlatform, result: AuditResult
) -> None:
    ingester = platform.environment.clusters[CLUSTER].ingester
    open_ms = ingester.max_chunk_age.value + ingester.chunk_idle_period.value
    (row,) = [row for row in result.rows if row.table == table_of(NOW) and row.tenant == TENANT]

    assert 0 < row.kept_longer_ms <= open_ms
    assert row.kept_longer_bytes == 0
