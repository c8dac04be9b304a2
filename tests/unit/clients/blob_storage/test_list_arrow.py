"""Tests of a listing page in Arrow: it is read completely or refused with the reason."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from logops.clients.blob_storage import ObjectStoreError, Tier
from logops.clients.blob_storage.blobs import blobs_schema
from logops.clients.blob_storage.listing.arrow_page import read_arrow_page

TIME = datetime(2026, 11, 23, 20, tzinfo=UTC)
SECONDS = pa.timestamp("s", "UTC")
COLUMNS: Mapping[str, pa.Array] = {
    "Name": pa.array(["t1/a", "t1/b"]),
    "ResourceType": pa.array(["blob", "blob"]),
    "Content-Length": pa.array([3, 4], pa.uint64()),
    "Last-Modified": pa.array([TIME, TIME], SECONDS),
    "AccessTier": pa.array(["Cool", "Hot"]),
    "AccessTierChangeTime": pa.array([TIME, None], SECONDS),
}
NEEDED = ("Name", "Content-Length", "Last-Modified")


def page_of(columns: Mapping[str, pa.Array], marker: str = "") -> bytes:
    return sent(pa.table(dict(columns)).replace_schema_metadata({"NextMarker": marker}))


def sent(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


PAGE = page_of(COLUMNS, "next")


def without(*names: str) -> dict[str, pa.Array]:
    return {name: column for name, column in COLUMNS.items() if name not in names}


def rows(body: bytes) -> list[dict[str, Any]]:
    return read_arrow_page(body).batch.to_pylist()


def test_a_page_has_the_columns_and_rows_of_a_listing() -> None:
    page = read_arrow_page(PAGE)

    assert page.batch.schema == blobs_schema()
    assert page.batch.to_pylist() == [
        {
            "name": "t1/a",
            "size": 3,
            "tier": Tier.COOL,
            "tier_changed": TIME,
            "modified": TIME,
            "rehydrating": False,
        },
        {
            "name": "t1/b",
            "size": 4,
            "tier": Tier.HOT,
            "tier_changed": None,
            "modified": TIME,
            "rehydrating": False,
        },
    ]
    assert (page.prefixes, page.next_marker) == ((), "next")


AFTER_SCHEMA = pa.ipc.MessageReader.open_stream(PAGE).read_next_message().serialize().size


@given(st.integers(0, len(PAGE) - 9))
@example(0)
def test_truncated_page_is_refused(end: int) -> None:
    """The last eight bytes only mark the end of the stream and are optional. A page truncated between two messages
    therefore looks complete; HTTP's content length detects it (tests/integration/test_listing.py)."""
    assume(end != AFTER_SCHEMA)
    with pytest.raises(ObjectStoreError, match="reading a page of a listing: "):
        read_arrow_page(PAGE[:end])


@settings(max_examples=300)
@given(st.data())
def test_damaged_page_is_refused_or_read_without_a_crash(data: st.DataObject) -> None:
    damaged = bytearray(PAGE)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(PAGE) - 1))] = data.draw(st.integers(0, 255))
    try:
        page = read_arrow_page(bytes(damaged))
    except ObjectStoreError:
        return
    assert page.batch.schema == blobs_schema()


@given(st.binary(max_size=200))
@example(b"<?xml version='1.0'?><EnumerationResults />")
def test_body_without_arrow_is_refused(body: bytes) -> None:
    with pytest.raises(ObjectStoreError, match="reading a page of a listing: "):
        read_arrow_page(body)


@pytest.mark.parametrize("column", NEEDED)
def test_page_without_required_column_is_refused_with_its_name(column: str) -> None:
    with pytest.raises(ObjectStoreError, match=f"there is no column {column}"):
        read_arrow_page(page_of(without(column)))


@pytest.mark.parametrize(
    ("column", "field"), [("Name", "name"), ("Content-Length", "size"), ("Last-Modified", "modified")]
)
def test_blob_without_required_value_is_refused_with_field_name(column: str, field: str) -> None:
    half = pa.array([COLUMNS[column][0].as_py(), None], COLUMNS[column].type)

    with pytest.raises(ObjectStoreError, match=f"a blob has no {field}"):
        read_arrow_page(page_of({**COLUMNS, column: half}))


def test_page_without_tier_columns_has_unknown_tiers() -> None:
    told = rows(page_of(without("ResourceType", "AccessTier", "AccessTierChangeTime")))

    assert [(row["name"], row["tier"], row["tier_changed"]) for row in told] == [
        ("t1/a", Tier.UNKNOWN, None),
        ("t1/b", Tier.UNKNOWN, None),
    ]


def test_tier_columns_of_nulls_are_read_as_unknown() -> None:
    told = rows(page_of({**COLUMNS, "AccessTier": pa.nulls(2), "AccessTierChangeTime": pa.nulls(2)}))

    assert [(row["tier"], row["tier_changed"]) for row in told] == [(Tier.UNKNOWN, None)] * 2


def test_prefix_without_size_and_time_is_read() -> None:
    page = read_arrow_page(
        page_of(
            {
                "Name": pa.array(["t1/a", "t2/"]),
                "ResourceType": pa.array(["blob", "blobprefix"]),
                "Content-Length": pa.array([3, None], pa.uint64()),
                "Last-Modified": pa.array([TIME, None], SECONDS),
            }
        )
    )

    assert page.prefixes == ("t2/",)
    assert page.batch["name"].to_pylist() == ["t1/a"]


@pytest.mark.parametrize("columns", [{}, {name: column[:0] for name, column in COLUMNS.items()}], ids=["none", "all"])
def test_page_without_rows_is_empty_with_or_without_columns(columns: dict[str, pa.Array]) -> None:
    assert read_arrow_page(page_of(columns)).batch.num_rows == 0


@pytest.mark.parametrize("column", [pa.array(["3", "four"]), pa.array([2**64 - 1, 4], pa.uint64())])
def test_invalid_size_is_refused(column: pa.Array) -> None:
    with pytest.raises(ObjectStoreError, match="reading a page of a listing: "):
        read_arrow_page(page_of({**COLUMNS, "Content-Length": column}))


@pytest.mark.parametrize("name", ["Name", "ResourceType"])
def test_duplicate_column_is_refused_with_its_name(name: str) -> None:
    table = pa.table(dict(COLUMNS)).append_column(name, COLUMNS[name])

    with pytest.raises(ObjectStoreError, match=f"there are several columns {name}"):
        read_arrow_page(sent(table))
