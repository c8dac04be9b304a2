"""Tests of inventories: which inventory can replace a listing, and how its rows are read."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest

from logops.clients.blob_storage.blobs import Listing, Tier, blobs_schema
from logops.clients.blob_storage.inventory import Manifest, blobs_of, newest, unfit
from logops.clients.blob_storage.listing.arrow_page import tiers

TAKEN = datetime(2026, 11, 23, 1, tzinfo=UTC)
FIELDS = ["Name", "Content-Length", "Last-Modified", "AccessTier"]


def manifest(**changes: Any) -> Manifest:
    rule = {"format": "parquet", "objectType": "blob", "schemaFields": FIELDS, "filters": {}}
    rule |= changes.pop("rule", {})
    said = {
        "files": [],
        "inventoryStartTime": TAKEN.isoformat(),
        "ruleName": "all",
        "status": "Succeeded",
        "ruleDefinition": rule,
    }
    return Manifest.model_validate({**said, **changes})


def test_complete_inventory_of_the_last_day_is_accepted() -> None:
    assert unfit(manifest(), "chunks", TAKEN + timedelta(hours=23)) == ""
    assert unfit(manifest(rule={"filters": {"prefixMatch": ["chunks/"]}}), "chunks", TAKEN) == ""


@pytest.mark.parametrize(
    ("changes", "of", "hours", "said"),
    [
        ({}, "chunks", 25, "taken at 2026-11-23 01:00 UTC, more than a day before"),
        ({"status": "PartialSuccess"}, "chunks", 1, "ended as 'PartialSuccess'"),
        ({"rule": {"filters": {"prefixMatch": ["other"]}}}, "chunks", 1, "covers other only. Add the prefix chunks/"),
        ({"rule": {"filters": {"blobTypes": ["pageBlob"]}}}, "chunks", 1, "pageBlob only"),
        ({"rule": {"schemaFields": ["Name"]}}, "chunks", 1, "no Content-Length, Last-Modified, AccessTier"),
        ({"rule": {"filters": {"excludePrefix": ["chunks/audit"]}}}, "chunks", 1, "leaves out chunks/audit"),
        ({"rule": {"filters": {"creationTime": {"lastNDays": 30}}}}, "chunks", 1, "of the last 30 days only"),
        ({"rule": {"objectType": "container"}}, "chunks", 1, "tells of containers"),
        ({"rule": {"format": "avro"}}, "chunks", 1, "format is 'avro'"),
    ],
)
def test_unfit_inventory_is_refused_with_the_reason(changes: dict[str, Any], of: str, hours: int, said: str) -> None:
    assert said in unfit(manifest(**changes), of, TAKEN + timedelta(hours=hours))


def test_excluded_prefix_of_another_container_is_ignored() -> None:
    assert unfit(manifest(rule={"filters": {"excludePrefix": ["other/", "chunks2"]}}), "chunks", TAKEN) == ""


class Names:
    """A fake container that lists blobs with the given names."""

    name = "inventory"

    def __init__(self, *names: str) -> None:
        self.names = names

    def list(self) -> Listing:
        rows = [{"name": name, "size": 1, "tier": 1, "modified": TAKEN, "rehydrating": False} for name in self.names]
        return Listing("", TAKEN, iter([pa.RecordBatch.from_pylist(rows, schema=blobs_schema())]))


def test_newest_inventory_is_the_same_in_every_time_zone() -> None:
    made = [f"2026/11/23/{hour:02}-00-00/all/all-manifest.json" for hour in (1, 9)]
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)

    for hours in (-8, 0, 8):
        elsewhere = moment.astimezone(timezone(timedelta(hours=hours)))
        assert newest(Names(*made), "all", elsewhere) == made[1]  # type: ignore[arg-type]


def test_only_current_blobs_of_the_container_are_kept() -> None:
    rows = [
        ("chunks/t1/a", "3", "2026-11-20T10:00:00Z", "Cool", "2026-11-21T10:00:00Z", "", "true", ""),
        ("chunks/t1/b", "3", "2026-11-20T10:00:00Z", "Archive", "", "rehydrate-pending-to-hot", "true", ""),
        ("chunks/t1/old", "3", "2026-11-20T10:00:00Z", "Hot", "", "", "false", ""),
        ("chunks/t1/deleted", "3", "2026-11-20T10:00:00Z", "Hot", "", "", "true", "true"),
        ("chunks2/t1/c", "3", "2026-11-20T10:00:00Z", "Hot", "", "", "true", ""),
    ]
    columns = (*FIELDS, "AccessTierChangeTime", "ArchiveStatus", "IsCurrentVersion", "Deleted")
    batch = pa.RecordBatch.from_pydict(dict(zip(columns, zip(*rows, strict=True), strict=True)))

    assert blobs_of(batch, "chunks").to_pylist() == [
        {
            "name": "t1/a",
            "size": 3,
            "tier": Tier.COOL,
            "tier_changed": datetime(2026, 11, 21, 10, tzinfo=UTC),
            "modified": datetime(2026, 11, 20, 10, tzinfo=UTC),
            "rehydrating": False,
        },
        {
            "name": "t1/b",
            "size": 3,
            "tier": Tier.ARCHIVE,
            "tier_changed": None,
            "modified": datetime(2026, 11, 20, 10, tzinfo=UTC),
            "rehydrating": True,
        },
    ]


def test_dictionary_encoded_tiers_equal_plain_tiers() -> None:
    words = pa.array(["Hot", None, "Archive", "Frozen", "Hot"])

    assert tiers(words.dictionary_encode()).equals(tiers(words))
