"""Read Azure's Blob Inventory of a container like a listing.

A run of a rule writes to `YYYY/MM/DD/HH-MM-SS/RULE/` in the destination container: Parquet or CSV files,
`RULE-manifest.json` with their names, and `RULE-manifest.checksum`, the manifest's MD5
(learn.microsoft.com/azure/storage/blobs/blob-inventory, "Inventory files").
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pydantic import AliasGenerator, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from logops.clients.blob_storage.blobs import Listing, blobs_schema
from logops.clients.blob_storage.errors import BlobMissingError, InventoryError

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.clients.blob_storage.container import Container

OLDEST = timedelta(days=1)
"""An inventory that started earlier than this before the judged moment is too old."""
_LARGEST_FILE = 4 << 30
_ROWS = 50_000
"""Rows per batch. Larger batches are not faster and need more memory."""
_LONGEST_NAME = 1 << 20
"""Bytes; longer than any name."""
NEEDED = ("Name", "Content-Length", "Last-Modified", "AccessTier")
"""Columns without which an inventory cannot be read."""
_LEFT_OUT = {"Deleted": "true", "IsCurrentVersion": "false"}
"""Columns, with the value that marks a row which is not a readable blob."""


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(to_camel), frozen=True)


class _File(_Camel):
    blob: str
    size: int


class _CreationTime(_Camel):
    last_n_days: int | None = None


class _Filters(_Camel):
    blob_types: tuple[str, ...] = ()
    prefix_match: tuple[str, ...] = ()
    exclude_prefix: tuple[str, ...] = ()
    creation_time: _CreationTime = _CreationTime()


class _Rule(_Camel):
    filters: _Filters = _Filters()
    format: str
    object_type: str
    schema_fields: tuple[str, ...]


class Manifest(_Camel):
    """The manifest of an inventory run."""

    files: tuple[_File, ...]
    inventory_start_time: datetime
    rule_definition: _Rule
    rule_name: str
    status: str


def read_inventory(container: "Container", rule: str, of: str, as_of: datetime) -> Listing:
    """Read the newest inventory of the container `of` before `as_of`, in bounded memory.

    Raises InventoryError if there is no usable one, and ObjectStoreError. The batches raise the same if a file does
    not match the manifest.
    """
    name = newest(container, rule, as_of)
    manifest = _manifest(container, name)
    if why := unfit(manifest, of, as_of):
        raise InventoryError(f"{name} cannot stand for container {of}: {why}")
    return Listing(f"inventory {name}", manifest.inventory_start_time, blobs_in(container, manifest, of))


def unfit(manifest: Manifest, of: str, as_of: datetime) -> str:
    """Return why an inventory cannot be used for a container at a moment; empty if it can."""
    rule, taken = manifest.rule_definition, manifest.inventory_start_time
    if manifest.status != "Succeeded":
        return f"its run ended as {manifest.status!r}. Wait for the next one, or have the blobs listed."
    if as_of - taken > OLDEST:
        as_of = as_of.astimezone(UTC)
        return (
            f"it was taken at {taken:%Y-%m-%d %H:%M} UTC, more than a day before {as_of:%Y-%m-%d %H:%M}. See whether "
            "the rule is enabled and daily."
        )
    if rule.object_type.lower() != "blob":
        return f"it tells of {rule.object_type}s. Name a rule whose objectType is blob."
    if why := _not_all(rule.filters, of):
        return why
    if missing := [field for field in NEEDED if field not in rule.schema_fields]:
        return f"it has no {', '.join(missing)}. Add that to the rule's fields."
    if rule.format.lower() not in _READERS:
        return f"its format is {rule.format!r}. Set the rule's to Parquet, or CSV."
    return ""


def _not_all(filters: _Filters, of: str) -> str:
    """Return what a rule leaves out of a container; empty if nothing."""
    if filters.blob_types and "blockBlob" not in filters.blob_types:
        return f"it tells of {', '.join(filters.blob_types)} only. Add blockBlob to the rule's blobTypes."
    prefixes = filters.prefix_match
    if prefixes and not {of, f"{of}/", ""} & set(prefixes):
        return f"its rule covers {', '.join(prefixes)} only. Add the prefix {of}/ to it, or take its filter away."
    container_prefix = f"{of}/"
    if left_out := [
        prefix
        for prefix in filters.exclude_prefix
        if prefix.startswith(container_prefix) or container_prefix.startswith(prefix)
    ]:
        return f"its rule leaves out {', '.join(left_out)}. Take that out of the rule's excludePrefix."
    if (days := filters.creation_time.last_n_days) is not None:
        return f"it tells of the blobs of the last {days} days only. Take creationTime out of the rule's filters."
    return ""


def newest(container: "Container", rule: str, as_of: datetime) -> str:
    """Return the name of the manifest of a rule's last run before a moment. Raises InventoryError."""
    as_of = as_of.astimezone(UTC)
    suffix = f"/{rule}/{rule}-manifest.json"
    names: list[str] = [
        name for batch in container.list().batches for name in batch["name"].to_pylist() if name.endswith(suffix)
    ]
    before = [name for name in names if name.removesuffix(suffix) <= f"{as_of:%Y/%m/%d/%H-%M-%S}"]
    if not before:
        when = f" before {as_of:%Y-%m-%d %H:%M} UTC" if names else ""
        raise InventoryError(
            f"looking for an inventory by rule {rule} in container {container.name}: there is none{when}. The rule's "
            "first run may take a day; its name and destination are on the account's page Blob inventory."
        )
    return max(before)


def _manifest(container: "Container", name: str) -> Manifest:
    data = container.read(name)
    checksum = name.removesuffix(".json") + ".checksum"
    try:
        expected = container.read(checksum).decode(errors="replace").strip()
    except BlobMissingError:
        raise InventoryError(f"{name} has no {checksum} beside it: its run has not ended. Wait for it.") from None
    if expected.lower() != md5(data, usedforsecurity=False).hexdigest():
        raise InventoryError(f"{name} has another MD5 than {checksum} says: it was changed, or cut off.")
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        raise InventoryError(
            f"{name} is no manifest that is known here: {fields} missing or of another kind."
        ) from None


def blobs_in(container: "Container", manifest: Manifest, of: str) -> Iterator["pa.RecordBatch"]:
    read = _READERS[manifest.rule_definition.format.lower()]
    for file in manifest.files:
        try:
            data = container.read(file.blob, _LARGEST_FILE)
        except BlobMissingError:
            raise InventoryError(f"{file.blob}, which the manifest names, is not there: it is not whole.") from None
        if len(data) != file.size:
            raise InventoryError(f"{file.blob} has {len(data):,} bytes; the manifest says {file.size:,}.")
        try:
            for batch in read(data):
                yield blobs_of(batch, of)
        except (ValueError, KeyError, OSError) as error:
            raise InventoryError(f"{file.blob} cannot be read: {type(error).__name__}: {error}") from None


def _from_parquet(data: bytes) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The tier has few distinct values: as dictionary codes it costs no time.
    with pq.ParquetFile(pa.BufferReader(data), read_dictionary=["AccessTier"]) as file:
        yield from file.iter_batches(batch_size=_ROWS)


def _from_csv(data: bytes) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa
    from pyarrow import csv

    # Read every value as text: a tenant may be called 0123.
    header = data.partition(b"\n")[0].decode().strip().split(",")
    columns = {name.strip('"'): pa.string() for name in header}
    yield from csv.open_csv(BytesIO(data), convert_options=csv.ConvertOptions(column_types=columns))


_READERS = {"parquet": _from_parquet, "csv": _from_csv}


def blobs_of(batch: "pa.RecordBatch", of: str) -> "pa.RecordBatch":
    """Return an inventory's rows of one container with `blobs_schema`. Names start with the container's name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from logops.clients.blob_storage.listing.arrow_page import is_told, tiers

    kept = pc.starts_with(batch["Name"], f"{of}/")
    for flag, value in _LEFT_OUT.items():
        if flag in batch.schema.names:
            is_it = pc.equal(pc.utf8_lower(batch[flag].cast(pa.string())), value)
            kept = pc.and_(kept, pc.invert(pc.fill_null(is_it, False)))
    if "Snapshot" in batch.schema.names:
        kept = pc.and_(kept, pc.invert(is_told(batch["Snapshot"])))
    batch = batch if pc.all(kept).as_py() else batch.filter(kept)
    nothing = pa.nulls(batch.num_rows, pa.string())

    def column(name: str) -> Any:
        return batch[name] if name in batch.schema.names else nothing

    return pa.RecordBatch.from_arrays(
        [
            # Cut by bytes, which is five times as fast as by characters: container names are ASCII.
            pc.binary_slice(batch["Name"].cast(pa.binary()), len(of) + 1, _LONGEST_NAME).cast(pa.string()),
            batch["Content-Length"].cast(pa.int64()),
            tiers(batch["AccessTier"]),
            _times(column("AccessTierChangeTime")),
            _times(batch["Last-Modified"]),
            is_told(column("ArchiveStatus")),
        ],
        schema=blobs_schema(),
    )


def _times(column: Any) -> Any:
    """Return timestamps: native in Parquet, ISO 8601 in CSV, with up to nine digits of a second."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column).cast(pa.timestamp("ns", "UTC"))
    # A time without a zone is cast as UTC, which `assume_timezone` does in thirty times as long.
    return column.cast(pa.timestamp("s", "UTC"), safe=False)
