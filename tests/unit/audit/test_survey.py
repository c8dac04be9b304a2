"""Survey a listing: chunks, index files, and blobs from outside Loki."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from logops.audit.survey.blob_names import index_files_of
from logops.audit.survey.containers import (
    MAX_OTHERS,
    PartialSurvey,
    Survey,
    SurveyInterruptedError,
    take_survey,
)
from logops.audit.survey.objects import DAY_MS, chunk_name
from logops.clients.blob_storage import ListingInterruptedError
from logops.clients.blob_storage.blobs import Listing, blobs_schema
from logops.clients.blob_storage.listing.walks import Unlisted

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = 20_000
INDEX_FILE = f"index/loki_index_{DAY}/17-ingester-0.tsdb.gz"


def blobs(names: Sequence[str], modified: datetime = NOW) -> pa.RecordBatch:
    rows = [{"name": name, "size": 2, "tier": 1, "modified": modified, "rehydrating": False} for name in names]
    return pa.RecordBatch.from_pylist(rows, schema=blobs_schema())


def take(folder: Path, batches: Iterator[pa.RecordBatch], partial: PartialSurvey | None = None) -> Survey:
    container = {"environment": "test", "cluster": "main", "account": "main", "container": "chunks"}
    return take_survey(Listing("values", NOW, batches), str(folder), as_of=NOW, partial=partial, **container)


def survey(folder: Path, *batches: Sequence[str]) -> Survey:
    return take(folder, iter([blobs(names) for names in batches]))


def chunk(number: int, days: int = 1) -> str:
    """Return the name of a chunk with lines of this number of days."""
    start = DAY * DAY_MS
    return chunk_name(f"tenant-{number % 3}", number, start, start + (days - 1) * DAY_MS + 1, number)


def interrupted(*batches: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    yield from batches
    raise ListingInterruptedError("503 ServerBusy", Unlisted(NOW, sum(batch.num_rows for batch in batches), ()))


def test_foreign_blobs_without_folder_are_counted_in_one_row(tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(5_000)]
    found = survey(tmp_path, names[:3_000], [*names[3_000:], "loki_cluster_seed.json"]).others

    assert [(one.kind, one.first, one.count) for one in found] == [
        ("cluster seed", "loki_cluster_seed.json", 1),
        ("not Loki's", "", 5_000),
    ]


def test_foreign_folders_above_limit_are_counted_in_one_row(tmp_path: Path) -> None:
    found = survey(tmp_path, [f"folder-{number:05}/a" for number in range(3_000)], ["rules/fake/a"]).others

    assert len(found) == MAX_OTHERS + 2
    assert sum(one.count for one in found) == 3_001
    assert {one.first for one in found} >= {"rules", "other folders"}


def test_interrupted_survey_continues_to_same_result_as_uninterrupted_survey(tmp_path: Path) -> None:
    first = [chunk(1), chunk(2, days=3), INDEX_FILE, "foreign/a"]
    second = [chunk(3), chunk(4), "foreign/b", f"index/loki_index_{DAY + 1}/18-ingester-0.tsdb.gz"]
    whole = survey(tmp_path / "whole", first, second)
    with pytest.raises(SurveyInterruptedError, match="503 ServerBusy") as caught:
        take(tmp_path / "resumed", interrupted(blobs(first)))
    resumed = take(tmp_path / "resumed", iter([blobs(second)]), caught.value.partial)

    def rows(survey: Survey, day: int) -> list[tuple[str, int]]:
        """Return tenant and fingerprint of the chunks."""
        return sorted(
            (survey.tenants[row["tenant"]], row["fingerprint"])
            for batch in survey.chunks(day)
            for row in batch.to_pylist()
        )

    assert replace(resumed, folder="", spooled=whole.spooled) == replace(whole, folder="")
    assert (resumed.chunk_count, resumed.spooled.bytes, resumed.days) == (4, 8, {DAY: 4, DAY + 1: 1, DAY + 2: 1})
    assert [rows(resumed, day) for day in whole.days] == [rows(whole, day) for day in whole.days]
    assert resumed.index_files() == whole.index_files()
    assert len(resumed.index_files()) == 2


def test_blob_written_after_as_of_is_left_out_unless_it_is_an_index_file(tmp_path: Path) -> None:
    later = blobs([chunk(1), INDEX_FILE], NOW + timedelta(seconds=1))
    result = take(tmp_path, iter([later, blobs([chunk(2)])]))

    assert (result.later, result.chunk_count) == (1, 1)
    assert [file.name for file in result.index_files()] == [INDEX_FILE]


def test_blob_below_index_with_other_name_is_not_an_index_file() -> None:
    index_files, others = index_files_of(blobs([INDEX_FILE, "index/delete_requests/delete_requests.gz"]))

    assert [(file.name, file.day, file.uploader) for file in index_files] == [(INDEX_FILE, DAY, "ingester-0")]
    assert others == [("index/delete_requests/delete_requests.gz", 2)]
