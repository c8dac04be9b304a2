from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from logops.findings import Finding, FindingClass, Run, Severity, Subject
from logops.findings.classes import REGISTRY
from logops.findings.store import NothingStoredError, ResultsStore, StoreUnreachableError, without_credentials
from logops.findings.table import by_key, from_table, key_of, keys, to_table

AS_OF = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
RUN = Run("local", "audit", "scheduled__2026-11-23T00:00:00+00:00", AS_OF)
INCOMPLETE = REGISTRY["check-incomplete"]


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ResultsStore]:
    if request.param == "folder":
        yield ResultsStore(str(tmp_path / "results"))
        return
    yield ResultsStore(f"memory://{uuid4().hex}")
    MemoryFileSystem.store.clear()


def finding(tenant: str = "application", message: str = "3 lines", as_of: datetime = AS_OF) -> Finding:
    return Finding(
        INCOMPLETE, Subject("local", "main", tenant), message, as_of, {"lines": 3, "share": 0.5, "seen": True}
    )


texts = st.text(st.characters(codec="utf-8"), max_size=20)
findings = st.builds(
    Finding,
    cls=st.sampled_from(sorted(REGISTRY.values(), key=lambda cls: cls.name)),
    subject=st.builds(Subject, *[texts] * 7),
    message=texts,
    as_of=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    evidence=st.dictionaries(texts, texts | st.integers() | st.floats(allow_nan=False) | st.booleans(), max_size=4),
    remedy=texts,
)


@given(st.lists(findings, max_size=5))
def test_run_and_findings_are_unchanged_after_table_round_trip(found: list[Finding]) -> None:
    assert from_table(to_table(RUN, found)) == (RUN, tuple(found))


@given(st.lists(findings, max_size=5))
def test_keys_of_a_table_are_the_keys_of_its_findings(found: list[Finding]) -> None:
    assert keys(to_table(RUN, found)) == (RUN, frozenset(key_of(finding.identity) for finding in found))


@given(st.lists(findings, min_size=1, max_size=5, unique_by=lambda finding: key_of(finding.identity)))
def test_finding_is_read_by_its_key(found: list[Finding]) -> None:
    key = key_of(found[-1].identity)

    assert by_key(to_table(RUN, found), [key]) == {key: found[-1]}


def test_keys_of_an_older_version_without_a_part_of_the_subject_are_those_of_now() -> None:
    old = pa.table(
        {"class": ["chunk-missing"], "subject": [{"environment": "local", "tenant": "shop"}]},
        schema=pa.schema(
            [("class", pa.string()), ("subject", pa.struct([("environment", pa.string()), ("tenant", pa.string())]))],
            metadata=to_table(RUN, []).schema.metadata,
        ),
    )

    assert keys(old)[1] == {key_of(("chunk-missing", Subject("local", tenant="shop")))}


def test_unregistered_class_is_read_with_name_severity_and_remedy() -> None:
    cls = FindingClass("not-yet-known", Severity.WARNING, "meaning", "why", "Do this.")

    _, (read,) = from_table(to_table(RUN, [Finding(cls, Subject(), "m", AS_OF)]))

    assert (read.cls.name, read.cls.severity, read.cls.remedy) == ("not-yet-known", Severity.WARNING, "Do this.")


def test_written_findings_are_read_back(store: ResultsStore) -> None:
    store.write_findings(RUN, [finding()])

    assert list(store.runs("local", "audit", AS_OF)) == [(RUN, (finding(),))]


def test_run_without_findings_is_stored(store: ResultsStore) -> None:
    assert list(store.runs("local", "audit", AS_OF)) == []

    store.write_findings(RUN, [])

    assert list(store.runs("local", "audit", AS_OF)) == [(RUN, ())]


def test_run_written_again_replaces_its_findings(store: ResultsStore) -> None:
    store.write_findings(RUN, [finding("application"), finding("platform")])
    store.write_findings(RUN, [finding("platform", "now 4")])

    assert list(store.runs("local", "audit", AS_OF)) == [(RUN, (finding("platform", "now 4"),))]


def test_runs_are_read_newest_first_up_to_the_given_time(store: ResultsStore) -> None:
    runs = [Run("local", "audit", f"z{hour}", AS_OF + timedelta(hours=hour)) for hour in (30, 2, 25, 1)]
    for run in runs:
        store.write_findings(run, [])

    read = [run.id for run, _ in store.runs("local", "audit", AS_OF + timedelta(hours=29))]

    assert read == ["z25", "z2", "z1"]


def test_runs_of_other_checks_and_environments_are_not_read(store: ResultsStore) -> None:
    for environment, check in (("local", "audit"), ("local", "audit-deep"), ("local-2", "audit")):
        store.write_findings(Run(environment, check, "1", AS_OF), [])

    assert [run for run, _ in store.runs("local", "audit", AS_OF)] == [Run("local", "audit", "1", AS_OF)]


@pytest.mark.parametrize("run_id", ["a/b", "..", "*", "a?b#c", "é" * 200, "manual__" + "x" * 250])
def test_runs_with_unusual_ids_are_stored_separately(store: ResultsStore, run_id: str) -> None:
    one, other = Run("local", "audit", run_id, AS_OF), Run("local", "audit", run_id + "2", AS_OF)
    store.write_findings(one, [])
    store.write_findings(other, [])

    assert {run for run, _ in store.runs("local", "audit", AS_OF)} == {one, other}


def test_file_is_stored_in_the_folder_of_its_utc_day(tmp_path: Path) -> None:
    in_berlin = datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=1)))

    ResultsStore(str(tmp_path)).write("chunks", "run-1", pa.table({"bytes": [1]}), in_berlin)

    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")] == [
        "chunks/day=2026-11-22/run-1.parquet"
    ]


def test_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    before = sorted(tmp_path.rglob("*"))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreUnreachableError, match="No space left on device"):
        store.write_findings(RUN, [])

    assert sorted(tmp_path.rglob("*")) == before
    assert list(store.runs("local", "audit", AS_OF)) == [(RUN, (finding(),))]


def test_file_opened_before_replacement_keeps_its_old_content(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    (path,) = tmp_path.rglob("*.parquet")
    before = path.read_bytes()

    with path.open("rb") as opened:
        store.write_findings(RUN, [])
        assert opened.read() == before
    assert path.read_bytes() != before


def test_unfinished_file_of_killed_writer_is_not_read(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    (finished,) = tmp_path.rglob("*.parquet")
    finished.rename(finished.with_name(".0123.unfinished"))

    assert list(store.runs("local", "audit", AS_OF)) == []


def test_findings_can_be_queried_with_sql(store: ResultsStore) -> None:
    store.write_findings(RUN, [finding("application"), finding("platform")])
    store.write_findings(Run("local", "audit", "2", AS_OF + timedelta(days=1)), [finding("platform")])

    answer = store.query(
        "findings",
        "select subject.tenant as tenant, count(*) as runs, max(day) as last, sum((evidence->>'lines')::int) as lines"
        " from findings group by all order by tenant",
    )

    assert answer.to_pylist() == [
        {"tenant": "application", "runs": 1, "last": date(2026, 11, 23), "lines": 3},
        {"tenant": "platform", "runs": 2, "last": date(2026, 11, 24), "lines": 6},
    ]


def test_query_reads_only_the_given_days(store: ResultsStore) -> None:
    for days in range(4):
        store.write_findings(Run("local", "audit", "1", AS_OF + timedelta(days=days)), [finding()])

    answer = store.query("findings", "select day from findings order by day", date(2026, 11, 24), date(2026, 11, 25))

    assert answer["day"].to_pylist() == [date(2026, 11, 24), date(2026, 11, 25)]


def test_findings_query_before_first_write_returns_no_rows(store: ResultsStore) -> None:
    assert store.query("findings", "select count(*) as n from findings").to_pylist() == [{"n": 0}]


def test_column_added_later_is_null_in_older_files(store: ResultsStore) -> None:
    store.write("chunks", "1", pa.table({"bytes": [1]}), AS_OF)
    store.write("chunks", "1", pa.table({"bytes": [2], "tier": ["Cool"]}), AS_OF + timedelta(days=1))

    answer = store.query("chunks", "select bytes, tier from chunks order by bytes")

    assert answer.to_pylist() == [{"bytes": 1, "tier": None}, {"bytes": 2, "tier": "Cool"}]


def test_query_of_kind_without_files_is_refused_with_its_name(store: ResultsStore) -> None:
    with pytest.raises(NothingStoredError, match="No run has written chunks to "):
        store.query("chunks", "select 1")


def test_run_written_by_another_store_is_read_at_once(tmp_path: Path) -> None:
    here, there = ResultsStore(str(tmp_path)), ResultsStore(str(tmp_path))
    assert list(here.runs("local", "audit", AS_OF)) == []

    there.write_findings(RUN, [])

    assert [run for run, _ in here.runs("local", "audit", AS_OF)] == [RUN]


def damaged(folder: Path, content: bytes) -> str:
    """Replace the only file of a store. Return its name below the store."""
    (path,) = folder.rglob("*.parquet")
    path.write_bytes(content)
    return str(path.relative_to(folder))


def test_cut_file_is_a_run_whose_only_finding_names_the_file(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    (path,) = tmp_path.rglob("*.parquet")
    name = damaged(tmp_path, path.read_bytes()[:100])

    [(run, (unreadable,))] = store.runs("local", "audit", AS_OF)

    assert (run.id, run.as_of) == (RUN.id, datetime(2026, 11, 23, tzinfo=UTC))
    assert (unreadable.cls.name, unreadable.subject) == ("results-unreadable", Subject("local", path=name))
    assert unreadable.message.startswith(
        f"The result file {name} cannot be read: it is no intact Parquet file (Parquet"
    )


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pa.table({"a": [1]}), "it is no result of this version of logops (KeyError: b'logops.run')"),
        (
            to_table(RUN, [finding()]).drop_columns(["message"]),
            "it is no result of this version of logops (KeyError: 'message')",
        ),
    ],
    ids=["another program", "another version"],
)
def test_file_with_other_columns_is_refused_with_its_name(tmp_path: Path, table: pa.Table, reason: str) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    data = pa.BufferOutputStream()
    pq.write_table(table, data)
    name = damaged(tmp_path, data.getvalue().to_pybytes())

    [(_, (unreadable,))] = store.runs("local", "audit", AS_OF)

    assert (
        unreadable.message
        == f"The result file {name} cannot be read: {reason}. It is left out. What it held is unknown."
    )


def test_query_leaves_out_a_file_of_text_and_names_it(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    name = damaged(tmp_path, b"not a table")
    store.write_findings(Run("local", "audit", "later", AS_OF), [finding()])

    rows = store.query("findings", 'select run from "findings"').to_pylist()

    assert rows == [{"run": "later"}]
    assert list(store.damaged) == [name]


def test_query_that_is_wrong_stays_an_error(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])

    with pytest.raises(duckdb.Error, match="no_such_column"):
        store.query("findings", "select no_such_column from findings")

    assert store.damaged == {}


def test_damaged_page_of_a_file_is_found(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding(message="x" * 5000 + str(number)) for number in range(50)])
    (path,) = tmp_path.rglob("*.parquet")
    content = bytearray(path.read_bytes())
    content[200:1200] = bytes(1000)
    damaged(tmp_path, bytes(content))

    [(_, (unreadable,))] = store.runs("local", "audit", AS_OF)

    assert unreadable.cls.name == "results-unreadable"


def test_failed_write_is_reported_with_run_path_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file, not a folder")
    store = ResultsStore(str(tmp_path / "results"))

    with pytest.raises(StoreUnreachableError) as caught:
        store.write_findings(RUN, [])

    said = str(caught.value)
    assert said.startswith("Writing findings of run 'local.audit.scheduled__2026-11-23T00:00:00+00:00'")
    assert str(tmp_path / "results") in said
    assert "Check that the place exists" in said


def test_credentials_in_url_are_not_shown_in_error_or_repr() -> None:
    store = ResultsStore("nowhere://user:hunter2@host/path?sig=hunter2")

    with pytest.raises(StoreUnreachableError) as caught:
        store.write_findings(RUN, [])

    assert "hunter2" not in f"{caught.value} {caught.value!r} {store!r}"
    assert "nowhere://user:***@host/path" in str(caught.value)


def test_credential_in_storage_error_is_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("bad connection: AccountName=a;AccountKey=hunter2==;x and https://a/b?sig=hunter2&se=1")

    monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    with pytest.raises(StoreUnreachableError) as caught:
        ResultsStore(str(tmp_path)).write_findings(RUN, [])

    assert "hunter2" not in str(caught.value)
    assert "AccountName=a;AccountKey=***;x" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/var/results", "/var/results"),
        ("abfs://results@logs.dfs.core.windows.net/a", "abfs://results@logs.dfs.core.windows.net/a"),
        ("abfs://results@logs.dfs.core.windows.net/a?sig=x&se=y", "abfs://results@logs.dfs.core.windows.net/a"),
        ("s3://key:secret@bucket/a", "s3://key:***@bucket/a"),
    ],
)
def test_a_url_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


def test_stored_file_can_be_read_with_pyarrow(tmp_path: Path) -> None:
    ResultsStore(str(tmp_path)).write_findings(RUN, [finding()])

    (path,) = tmp_path.rglob("*.parquet")
    table = pq.read_table(path)

    assert table["class"].to_pylist() == ["check-incomplete"]
    assert table["severity"].to_pylist() == ["error"]
    assert table["run"].to_pylist() == [RUN.id]


def test_runs_older_than_a_week_are_read_after_newer_ones(store: ResultsStore) -> None:
    for days in (30, 7, 0, 8):
        as_of = AS_OF - timedelta(days=days)
        store.write_findings(Run("local", "audit", f"{days} days ago", as_of), [])

    assert [run.id for run, _ in store.runs("local", "audit", AS_OF)] == [
        "0 days ago",
        "7 days ago",
        "8 days ago",
        "30 days ago",
    ]


def test_recorded_runs_are_read_newest_first_with_their_keys(store: ResultsStore) -> None:
    for days in (30, 7, 0, 8, 60):
        as_of = AS_OF - timedelta(days=days)
        store.write_findings(Run("local", "audit", f"{days} days ago", as_of), [finding(f"tenant-{days}")])

    read = list(store.recorded_runs("local", "audit", AS_OF - timedelta(days=1)))

    assert [(entry.run.id, *entry.keys) for entry in read] == [
        (f"{days} days ago", key_of(finding(f"tenant-{days}").identity)) for days in (7, 8, 30, 60)
    ]


def test_findings_of_a_recorded_run_are_read_by_key(store: ResultsStore) -> None:
    store.write_findings(RUN, [finding("a"), finding("b")])
    [entry] = store.recorded_runs("local", "audit", AS_OF)
    key = key_of(finding("b").identity)

    assert entry.findings([key]) == {key: finding("b")}


def test_recorded_run_of_a_damaged_file_has_the_finding_that_says_so(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    store.write_findings(RUN, [finding()])
    damaged(tmp_path, b"nothing")

    [entry] = store.recorded_runs("local", "audit", AS_OF)

    assert [found.cls.name for found in entry.findings(entry.keys).values()] == ["results-unreadable"]


def test_query_of_two_days_lists_no_other_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ResultsStore(str(tmp_path))
    for day in range(5):
        store.write("chunks", f"run-{day}", pa.table({"n": [day]}), AS_OF - timedelta(days=day))
    listed: list[str] = []
    find = LocalFileSystem.find
    monkeypatch.setattr(LocalFileSystem, "find", lambda self, path: listed.append(Path(path).name) or find(self, path))

    store.query("chunks", "select * from chunks", date(2026, 11, 22), date(2026, 11, 23))

    assert listed == ["day=2026-11-22", "day=2026-11-23"]
