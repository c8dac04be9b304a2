"""Survey a listing that also contains blobs from outside Loki."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from logops.audit.survey.containers import MAX_OTHERS, Survey, take_survey
from logops.clients.blob_storage.blobs import Listing, blobs_schema

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def survey(place: Path, *batches: Sequence[str]) -> Survey:
    def rows(names: Sequence[str]) -> pa.RecordBatch:
        told = [{"name": name, "size": 2, "tier": 1, "modified": NOW, "rehydrating": False} for name in names]
        return pa.RecordBatch.from_pylist(told, schema=blobs_schema())

    listing = Listing("values", NOW, iter([rows(names) for names in batches]))
    of = {"environment": "test", "cluster": "main", "account": "main", "container": "chunks"}
    return take_survey(listing, str(place), as_of=NOW, **of)


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
