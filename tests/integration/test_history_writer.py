"""The sample history of a few days, written beside clusters that do not even run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.audit.request import AuditRequest, Check
from logops.audit.run import run_audit
from logops.audit.survey.blob_names import index_file
from logops.audit.survey.objects import DAY_MS
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.samples import history_fill as history
from tests.support.environments import environment
from tests.support.history_cluster import day_of, from_of
from tests.support.local_platforms import free_base_port, processes_of

pytestmark = pytest.mark.timeout(600)
DAYS = 4


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """An environment of which only the storage runs, with its history."""
    declared = environment("local", ("name", "written"), ("platform.base_port", free_base_port()))
    platform = open_local(declared, tmp_path_factory.mktemp("written"))
    try:
        platform.apply("storage", platform.desired()["storage"], "tests", print)
        fill(platform, platform.state / "history")
        yield platform
    finally:
        platform.down(print)
        assert processes_of(platform.state) == []


def fill(platform: LocalPlatform, folder: Path) -> int:
    missing = history.missing(None, False, DAYS, datetime.now(UTC))
    assert missing is not None
    kinds = history.destinations(platform.environment)
    return history.fill(kinds, platform.history_writer, missing, folder, lambda lines, share: None)


def names_in(platform: LocalPlatform, cluster: str) -> list[str]:
    declared = platform.environment.clusters[cluster]
    with platform.object_store(declared.storage_account) as account:
        batches = account.container(declared.containers.chunks).list(("",)).batches
        return [name for batch in batches for name in batch["name"].to_pylist()]


@pytest.mark.parametrize(
    ("cluster", "tenant"), [("main", "application"), ("main", "platform"), ("security", "security-team")]
)
def test_no_chunk_of_the_sample_history_has_lines_of_two_days(filled: LocalPlatform, cluster: str, tenant: str) -> None:
    chunks = [name for name in names_in(filled, cluster) if name.startswith(f"{tenant}/")]

    assert len({day_of(name) for name in chunks}) >= DAYS
    assert [name for name in chunks if from_of(name) // DAY_MS != day_of(name)] == []


@pytest.mark.parametrize("cluster", ["main", "security"])
def test_history_has_an_index_for_every_day_when_it_is_filled(filled: LocalPlatform, cluster: str) -> None:
    files = [index_file(name, 0, 0, 0) for name in names_in(filled, cluster)]

    today = int(datetime.now(UTC).timestamp()) // 86_400
    assert {file.day for file in files if file} >= set(range(today - DAYS, today))


def test_sample_history_keeps_no_line_longer_than_allowed(filled: LocalPlatform) -> None:
    request = AuditRequest((Check.RETENTION,), "history", datetime.now(UTC))
    result = run_audit(filled, request, None, lambda _: None)

    assert {row.tenant for row in result.rows} == {"application", "platform", "security-team"}
    assert {finding.cls.name for finding in result.findings} & {"lines-kept-longer"} == set()
    assert all(0 < row.kept_longer_ms < DAY_MS for row in result.rows)


def test_history_writer_leaves_no_write_ahead_log_that_would_be_stored_again(filled: LocalPlatform) -> None:
    assert [*filled.state.glob("data/*-history/wal")] == []
