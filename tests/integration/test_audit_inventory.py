"""Audits from a Blob Inventory on a real Azurite: the inventory is audited completely or refused with the reason."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from logops.audit.report.result import AuditResult
from logops.audit.request import Check
from logops.clients.blob_storage import ObjectStore
from logops.clients.blob_storage.container import Container
from tests.support.audit_bucket import FAST_COMPACTION, AuditBucket, Chunk, chunk, create_bucket
from tests.support.outcomes import identities

FIELDS = ("Name", "Content-Length", "Last-Modified", "AccessTier", "AccessTierChangeTime")
SECONDS = "%Y-%m-%dT%H:%M:%SZ"
TICKS = "%Y-%m-%dT%H:%M:%S.0000000Z"
"""Time format of .NET."""


@dataclass(frozen=True)
class Inventory:
    """A run of an inventory rule, in Azure's CSV layout."""

    container: Container
    of: str
    chunks: Sequence[Chunk] = ()
    hours_ago: float = 1
    times: str = SECONDS
    prefixes: Sequence[str] = ()

    @property
    def taken(self) -> datetime:
        return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=self.hours_ago)

    def write(self) -> str:
        """Write the inventory and return its folder."""
        taken = self.taken
        folder = f"{taken:%Y/%m/%d/%H-%M-%S}/all"
        rows = StringIO()
        lines = csv.writer(rows, lineterminator="\n")
        lines.writerow(FIELDS)
        for one in self.chunks:
            written = datetime.fromtimestamp(one.through_ms / 1000, UTC)
            cool = written + timedelta(days=31) < taken
            changed = f"{written + timedelta(days=31):{self.times}}" if cool else ""
            size = len(one.content)
            lines.writerow(
                (f"{self.of}/{one.name}", size, f"{written:{self.times}}", "Cool" if cool else "Hot", changed)
            )
        data = rows.getvalue().encode()
        self.container.write(f"{folder}/all_1000000_0.csv", data)
        said: dict[str, Any] = {
            "files": [{"blob": f"{folder}/all_1000000_0.csv", "size": len(data)}],
            "inventoryStartTime": taken.isoformat(),
            "ruleDefinition": {
                "filters": {"blobTypes": ["blockBlob"], "prefixMatch": [*self.prefixes]},
                "format": "csv",
                "objectType": "blob",
                "schemaFields": FIELDS,
            },
            "ruleName": "all",
            "status": "Succeeded",
        }
        manifest = json.dumps(said).encode()
        self.container.write(f"{folder}/all-manifest.json", manifest)
        checksum = md5(manifest, usedforsecurity=False).hexdigest()
        self.container.write(f"{folder}/all-manifest.checksum", checksum.encode())
        return folder


@dataclass(frozen=True)
class BucketWithInventory:
    """A bucket and its inventory."""

    bucket: AuditBucket
    inventory: Inventory

    def refused(self) -> str:
        """Audit, expect that the inventory is refused and nothing is judged, and return the message."""
        outcome = self.bucket.audit(Check.RETENTION)
        assert outcome.failed
        assert identities(outcome) == {("check-incomplete", "", "")}
        assert outcome.rows == ()
        return outcome.findings[0].message


@pytest.fixture
def inventoried(store: ObjectStore, endpoint: str, tmp_path: Path) -> BucketWithInventory:
    name = f"inventoried-{uuid4().hex[:12]}"
    store.create_container(f"{name}-inventory")
    where = ("storage_accounts.main.inventory", {"container": f"{name}-inventory", "rule": "all"})
    bucket = create_bucket(store, endpoint, name, tmp_path, (FAST_COMPACTION, where))
    return BucketWithInventory(bucket, Inventory(store.container(f"{name}-inventory"), name))


def audited(inventoried: BucketWithInventory, times: str) -> tuple[AuditResult, Sequence[Chunk]]:
    """Audit an inventory of two indexed chunks and one orphan. A third indexed chunk is missing from the inventory."""
    kept, cool, missing, orphan = chunk(10), chunk(50, 2), chunk(20, 3), chunk(20, 4)
    inventoried.bucket.put_index(kept)
    inventoried.bucket.put_index(cool)
    inventoried.bucket.put_index(missing)
    # The audit checks suspects again in the container itself.
    inventoried.bucket.put_chunks(orphan)
    replace(inventoried.inventory, chunks=(kept, cool, orphan), times=times).write()
    return inventoried.bucket.audit(Check.RETENTION, Check.TIERING), (kept, cool, missing, orphan)


@pytest.mark.parametrize("times", [SECONDS, TICKS], ids=["seconds", "ticks"])
def test_csv_inventory_is_audited_completely(inventoried: BucketWithInventory, times: str) -> None:
    outcome, (_, _, missing, orphan) = audited(inventoried, times)

    assert identities(outcome) == {
        ("chunk-missing", missing.table, "platform"),
        ("chunk-orphaned", orphan.table, "platform"),
    }
    assert {one.evidence["sample"] for one in outcome.findings} == {missing.name, orphan.name}
    assert sum(row.chunks for row in outcome.rows) == 3


def test_newest_inventory_is_audited(inventoried: BucketWithInventory) -> None:
    (kept,) = inventoried.bucket.put_healthy(10)
    replace(inventoried.inventory, hours_ago=3).write()
    replace(inventoried.inventory, chunks=(kept,), hours_ago=2).write()

    assert inventoried.bucket.audit(Check.RETENTION, Check.TIERING).findings == ()


def test_missing_inventory_is_reported_with_rule_and_container(inventoried: BucketWithInventory) -> None:
    said = inventoried.refused()

    assert f"inventory by rule all in container {inventoried.inventory.container.name}: there is none" in said


def test_inventory_older_than_one_day_is_refused_with_its_date(inventoried: BucketWithInventory) -> None:
    old = replace(inventoried.inventory, hours_ago=25)
    old.write()

    assert f"it was taken at {old.taken:%Y-%m-%d %H:}" in (said := inventoried.refused())
    assert "more than a day before" in said


def test_inventory_of_another_container_is_refused_with_covered_prefixes(inventoried: BucketWithInventory) -> None:
    replace(inventoried.inventory, prefixes=("system-logs/",)).write()

    assert (
        f"cannot stand for container {inventoried.inventory.of}: its rule covers system-logs/ only"
        in inventoried.refused()
    )


def test_changed_manifest_is_refused(inventoried: BucketWithInventory) -> None:
    folder = inventoried.inventory.write()
    name = f"{folder}/all-manifest.json"
    inventoried.inventory.container.write(
        name, inventoried.inventory.container.read(name).replace(b"Succeeded", b"Succeedes")
    )

    assert f"{name} has another MD5 than {folder}/all-manifest.checksum says" in inventoried.refused()


def test_inventory_without_manifest_checksum_is_refused(inventoried: BucketWithInventory) -> None:
    folder = inventoried.inventory.write()
    inventoried.inventory.container.delete([f"{folder}/all-manifest.checksum"])

    assert f"{folder}/all-manifest.json has no {folder}/all-manifest.checksum beside it" in inventoried.refused()


def test_inventory_with_missing_file_is_refused_with_file_name(inventoried: BucketWithInventory) -> None:
    folder = replace(inventoried.inventory, chunks=(chunk(10),)).write()
    inventoried.inventory.container.delete([f"{folder}/all_1000000_0.csv"])

    assert f"{folder}/all_1000000_0.csv, which the manifest names, is not there" in inventoried.refused()


def test_inventory_with_truncated_file_is_refused_with_file_name(inventoried: BucketWithInventory) -> None:
    folder = replace(inventoried.inventory, chunks=(chunk(10),)).write()
    name = f"{folder}/all_1000000_0.csv"
    inventoried.inventory.container.write(name, inventoried.inventory.container.read(name)[:-5])

    assert f"{name} has" in (said := inventoried.refused())
    assert "the manifest says" in said


def test_inventory_with_invalid_row_is_refused_with_file_name(inventoried: BucketWithInventory) -> None:
    folder = replace(inventoried.inventory, chunks=(chunk(10),)).write()
    name = f"{folder}/all_1000000_0.csv"
    content = inventoried.inventory.container.read(name)
    size = b",%d," % len(chunk(10).content)
    inventoried.inventory.container.write(name, content.replace(size, b",?" + size[2:]))

    assert f"{name} cannot be read: " in inventoried.refused()
