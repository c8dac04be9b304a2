"""The tasks of an audit run: work files between the tasks, cleared tasks and retries."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from logops import platforms
from logops.airflow.operators.audit import SUMMARY, AuditJudgeOperator, AuditListOperator, AuditReduceOperator
from logops.audit import run as steps
from logops.audit.request import AuditRequest, Check
from logops.audit.survey.objects import DAY_MS, chunk_name
from logops.clients.blob_storage import ObjectStoreMisconfiguredError
from logops.clients.blob_storage.blobs import Tier
from logops.findings import Finding
from logops.findings.store import ResultsStore
from logops.report.page import build
from logops.report.section import STANDARD
from logops.report.sections import storage, tables
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.fakes.memory_store import Blob, MemoryStore

NOW = datetime.now(UTC)
TODAY = int(NOW.timestamp() * 1000) // DAY_MS
ASKED: dict[str, Any] = {"checks": ["retention-audit"], "environment": "local", "tables": None, "as_of": None}


class Night:
    """The tasks of one run, executed one after the other."""

    def __init__(self, context: dict[str, Any], run_id: str = "scheduled__1") -> None:
        self.context = {**context, "run_id": run_id, "dag_run": SimpleNamespace(run_after=NOW)}
        self.batches: list[Any] = []

    def survey(self) -> None:
        self.batches = self._of(AuditListOperator, "list").execute(self.context)

    def judge(self) -> list[dict[str, int]]:
        return [self._of(AuditJudgeOperator, "judge", batch=one).execute(self.context) for one in self.batches]

    def reduce(self) -> None:
        self._of(AuditReduceOperator, "reduce", batches=self.batches).execute(self.context)

    def _of(self, kind: Any, task_id: str, **more: Any) -> Any:
        with DAG("retention_audit", schedule=None):
            return kind(task_id=task_id, **ASKED, **more)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MemoryStore:
    changes = (("clusters.security", None), ("storage_accounts.security", None), ("sources", {}), ("agents", {}))
    platform = MemoryPlatform(environment("local", *changes, ("clusters.main.canary", None)), {})
    store = MemoryStore()
    for day in (TODAY, TODAY - 1):
        store.blobs[chunk_name("application", 7, day * DAY_MS, day * DAY_MS + 9, 7)] = Blob(b"x" * 100, NOW)
    monkeypatch.setattr(platform, "object_store", lambda account: store)
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: platform)
    monkeypatch.setattr("logops.platforms.results_url", lambda environment, root: str(tmp_path))
    monkeypatch.setattr("logops.platforms.open_results", lambda environment, root: ResultsStore(str(tmp_path)))
    monkeypatch.setattr("logops.audit.request.MAX_TABLES", 1)
    return store


def work(folder: Path) -> list[str]:
    return sorted(one.name for one in (folder / "steps").glob("*"))


def test_complete_run_leaves_no_work_files(bucket: MemoryStore, context: dict[str, Any], tmp_path: Path) -> None:
    night = Night(context)
    night.survey()
    assert [one["tables"] for one in night.judge()] == [1, 1]
    night.reduce()
    assert work(tmp_path) == []
    assert "no findings in 2 tables" in context["ti"].pushed[SUMMARY]["headline"]


def test_log_of_an_audit_ends_with_the_verdict_and_the_address_of_the_page(
    bucket: MemoryStore, context: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example")
    night = Night(context)
    night.survey()
    night.judge()
    night.reduce()

    verdict, address = capsys.readouterr().out.splitlines()[-2:]
    assert "local: no findings in 2 tables" in verdict
    assert ": https://airflow.example/plugin/log-platform/logops-page/local#findings" in address


def test_tables_of_an_audit_are_on_the_page(bucket: MemoryStore, context: dict[str, Any], tmp_path: Path) -> None:
    night = Night(context)
    night.survey()
    night.judge()
    night.reduce()

    later = NOW + timedelta(minutes=5)
    page = build(ResultsStore(str(tmp_path)), environment("local"), later, STANDARD, [tables, storage])
    assert page.sections[0].summary.startswith("All 2 tables of 1 tenant are as promised.")
    assert page.sections[1].summary.startswith("200 B stored;")


def test_missing_login_of_the_results_is_reported_before_a_container_is_listed(
    bucket: MemoryStore, context: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ObjectStoreMisconfiguredError("logging in to the results store of local: no identity")

    monkeypatch.setattr("logops.platforms.open_results", refuse)
    with pytest.raises(ObjectStoreMisconfiguredError, match="logging in to the results store of local"):
        Night(context).survey()
    assert work(tmp_path) == []


def test_run_with_failed_batch_completes_after_batch_is_cleared(
    bucket: MemoryStore, context: dict[str, Any], tmp_path: Path
) -> None:
    night = Night(context)
    night.survey()
    lost, *good = night.batches
    night.batches = good
    night.judge()
    night.batches = [lost, *good]
    with pytest.raises(AirflowFailException, match="check-incomplete"):
        night.reduce()

    night.batches = [lost]
    night.judge()
    night.batches = [lost, *good]
    night.reduce()
    assert work(tmp_path) == []


def test_next_run_deletes_work_files_of_unfinished_run(
    bucket: MemoryStore, context: dict[str, Any], tmp_path: Path
) -> None:
    first = Night(context)
    first.survey()
    with pytest.raises(AirflowFailException):
        first.reduce()
    assert work(tmp_path) == ["retention_audit.scheduled__1"]

    Night(context, "scheduled__2").survey()
    assert work(tmp_path) == ["retention_audit.scheduled__2"]


def test_requested_table_that_is_not_stored_fails_the_run(bucket: MemoryStore, context: dict[str, Any]) -> None:
    typed = {**ASKED, "tables": ["loki_index_2078"]}
    with DAG("retention_audit", schedule=None):
        steps = [
            AuditListOperator(task_id="list", **typed),
            AuditReduceOperator(task_id="reduce", batches=[], **typed),
        ]
    now = {**context, "dag_run": SimpleNamespace(run_after=NOW)}
    assert steps[0].execute(now) == []
    with pytest.raises(AirflowFailException, match="check-incomplete"):
        steps[1].execute(now)
    (message,) = context["ti"].pushed[SUMMARY]["findings"]
    assert "Nothing is stored in loki_index_2078 of local" in message
    assert f"loki_index_{TODAY - 1} to loki_index_{TODAY}" in message


def test_as_of_without_time_zone_is_refused(bucket: MemoryStore, context: dict[str, Any]) -> None:
    with DAG("retention_audit", schedule=None):
        operator = AuditListOperator(task_id="list", **{**ASKED, "as_of": "2026-11-23T00:00:00"})
    with pytest.raises(AirflowFailException, match="has no time zone"):
        operator.execute(context)


def test_reduce_without_listing_fails_with_advice_to_clear_the_task(
    context: dict[str, Any], bucket: MemoryStore
) -> None:
    operator = AuditReduceOperator(task_id="reduce", batches=None, **ASKED)
    with pytest.raises(AirflowFailException, match="clear that one"):
        operator.execute(context)


@pytest.mark.parametrize(("tried", "last"), [(1, False), (2, False), (3, True)])
def test_survey_gets_last_flag_only_on_last_try(
    bucket: MemoryStore, context: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tried: int, last: bool
) -> None:
    last_flags: list[bool] = []
    monkeypatch.setattr("logops.audit.run.survey", lambda *_, last: last_flags.append(last) or [])
    context["ti"].try_number, context["ti"].max_tries = tried, 2

    Night(context).survey()
    assert last_flags == [last]


def compaction(run_id: str, as_of: datetime) -> list[Finding]:
    """Return the findings of a compaction audit at `as_of`, made by the same steps as in the DAG."""
    request = AuditRequest((Check.COMPACTION,), run_id, as_of)
    platform, results = platforms.open_to_read(None, None), platforms.results_url(None, None)  # type: ignore[arg-type]
    work = f"{results}/steps/{run_id}"
    store = ResultsStore(results)
    batches = steps.survey(platform, request, work, print)
    for batch in batches:
        steps.judge(platform, request, batch, store, print)
    return [*steps.reduce(platform, request, work, batches, store).findings]


def test_finding_lists_every_faulty_index_file(bucket: MemoryStore, context: dict[str, Any], tmp_path: Path) -> None:
    names = [f"index/old_index_{TODAY}/{nth}-ingester.tsdb.gz" for nth in range(1_000, 1_020)]
    for name in names:
        bucket.blobs[name] = Blob(b"x" * 100, NOW)

    (finding,) = [one for one in compaction("night", NOW) if one.cls.name == "table-without-schema"]
    assert finding.evidence["since"]
    assert len(str(finding.evidence["sample"]).split(", ")) == 5
    files = [*tmp_path.glob(str(finding.evidence["names"]))]
    kept = [row for file in files for row in pq.read_table(file).to_pylist() if row["class"] == finding.cls.name]
    assert sorted(row["name"] for row in kept) == sorted(names)


def test_finding_with_unknown_start_is_dated_from_first_audit(bucket: MemoryStore, context: dict[str, Any]) -> None:
    name = f"index/loki_index_{TODAY}/application/1-compactor-1-2-a.tsdb.gz"
    bucket.blobs[name] = Blob(b"no index", NOW, Tier.COOL)
    first, second = NOW, NOW + timedelta(minutes=5)

    def damage(run_id: str, as_of: datetime) -> Finding:
        (finding,) = [one for one in compaction(run_id, as_of) if one.cls.name == "index-corrupt"]
        return finding

    assert "since" not in damage("first", first).evidence
    assert damage("second", second).evidence["since"] == first.isoformat()


def test_findings_are_counted_for_each_cluster_separately(bucket: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both clusters have tables of the same names and, in this test, the same container."""
    local = environment("local", ("sources", {}), ("agents", {}), ("clusters.main.canary", None))
    periods = local.model_dump(mode="json", by_alias=True)["clusters"]["main"]["schema_periods"]
    both = environment(
        "local",
        ("sources", {}),
        ("agents", {}),
        ("clusters.main.canary", None),
        ("clusters.security.schema_periods", periods),
    )
    platform = MemoryPlatform(both, {})
    monkeypatch.setattr(platform, "object_store", lambda account: bucket)
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: platform)
    bucket.blobs[f"index/loki_index_{TODAY}/application/1-compactor-1-2-a.tsdb.gz"] = Blob(b"no index", NOW)
    request = AuditRequest((Check.RETENTION,), "night", NOW)
    outcome = steps.run_audit(platform, request, None, print)

    counted = {(row.cluster, row.day == TODAY): row.findings for row in outcome.rows}
    assert counted == {("main", True): 1, ("main", False): 0, ("security", True): 1, ("security", False): 0}
