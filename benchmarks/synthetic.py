"""Create a container of any size from a seed: Azure's inventory, index files by Loki's own builder, and named faults.

python -m benchmarks.synthetic FOLDER --chunks 10000000
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import loki_index
from logops.audit.survey.objects import DAY_MS, chunk_name

SEED = 20261124
TENANTS = ("application", "audit-trail", "network", "platform")
DAYS = 90
"""Tables, one per day, up to the day before AS_OF."""
A_DAY = 4
"""Chunks per stream and day."""
AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)
CONTAINER = "loki-chunks"
INVENTORY = "inventory"
RULE = "all"
_ROWS_A_FILE = 2_000_000
_HOT_DAYS = 30
Column = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Planted:
    """The faults in a container, by class: names of chunks."""

    missing: tuple[str, ...]
    orphaned: tuple[str, ...]
    archived: tuple[str, ...]
    too_warm: tuple[str, ...]


@dataclass(frozen=True)
class Tenant:
    """A tenant's chunks: arrays of shape (streams, days, chunks per day)."""

    name: str
    fingerprint: Column
    """A stream's."""
    from_ms: Column
    through_ms: Column
    checksum: Column
    kb: Column


def day_of(as_of: datetime) -> int:
    """Return the day of a moment, in days since 1970."""
    return int(as_of.timestamp()) // 86_400


def tenant_of(number: int, streams: int, today: int, days: int) -> Tenant:
    """Return the chunks of a tenant. The same numbers give the same chunks."""
    random = np.random.default_rng([SEED, number, streams])
    fingerprint = np.unique(random.integers(1 << 40, 1 << 63, streams + 64, dtype=np.uint64))[:streams]
    shape = (streams, days, A_DAY)
    day = (today - days + np.arange(days, dtype=np.int64)) * DAY_MS
    piece = DAY_MS // A_DAY
    starts = day[None, :, None] + np.arange(A_DAY, dtype=np.int64)[None, None, :] * piece
    from_ms = starts + random.integers(0, piece // 8, shape)
    return Tenant(
        TENANTS[number],
        fingerprint,
        from_ms,
        from_ms + random.integers(piece // 2, piece - piece // 8, shape),
        random.integers(0, 1 << 32, shape, dtype=np.uint32),
        random.integers(20, 1500, shape, dtype=np.uint32),
    )


def make(folder: Path, chunks: int, as_of: datetime = AS_OF, days: int = DAYS) -> Planted:
    """Fill an empty folder: CONTAINER/index/..., INVENTORY/..., planted.json.

    as_of   the moment to audit it at; the inventory is an hour older
    days    number of tables
    """
    today = day_of(as_of)
    streams = max(chunks // (len(TENANTS) * days * A_DAY), 1)
    program = loki_index.program()
    tenants = (tenant_of(number, streams, today, days) for number in range(len(TENANTS)))
    planted: dict[str, list[str]] = {"missing": [], "orphaned": [], "archived": [], "too_warm": []}
    files: list[dict[str, Any]] = []
    at = f"{as_of - timedelta(hours=1):%Y/%m/%d/%H-%M-%S}/{RULE}"
    (folder / INVENTORY / at).mkdir(parents=True)
    index_rows: list[tuple[str, int]] = []
    for tenant in tenants:
        for path in loki_index.build(program, _tables(folder, tenant, today - days)):
            index_rows.append((str(path.relative_to(folder / CONTAINER)), path.stat().st_size))
        for batch in _inventory(tenant, planted, as_of):
            file = f"{at}/{RULE}_1000000_{len(files)}.parquet"
            pq.write_table(batch, folder / INVENTORY / file, compression="snappy")
            files.append({"blob": file, "size": (folder / INVENTORY / file).stat().st_size})
    _write_manifest(folder / INVENTORY / at, files, as_of)
    found = Planted(**{name: tuple(sorted(names)) for name, names in planted.items()})
    (folder / "planted.json").write_text(json.dumps(asdict(found)))
    return found


def _tables(folder: Path, tenant: Tenant, first_day: int) -> Iterator[loki_index.Table]:
    labels = [
        (int(number), {"service": f"service-{stream % 97}", "pod": f"pod-{stream}", "level": "info"})
        for stream, number in enumerate(tenant.fingerprint)
    ]
    series = np.repeat(np.arange(len(labels), dtype=np.uint32), A_DAY)
    for day in range(tenant.from_ms.shape[1]):
        records = np.empty(len(series), loki_index.RECORD)
        records["series"] = series
        for name in ("checksum", "from_ms", "through_ms", "kb"):
            records[name] = getattr(tenant, name)[:, day, :].ravel()
        records["entries"] = records["kb"] * 8
        table = f"loki_index_{first_day + day}"
        yield loki_index.Table(
            folder / CONTAINER / "index" / table / tenant.name,
            labels,
            records,
            written=(first_day + day + 1) * 86_400 * 10**9,
        )


def _inventory(tenant: Tenant, planted: dict[str, list[str]], as_of: datetime) -> Iterator[pa.Table]:
    """Write the inventory, sorted by name, as Azure does: one stream after the other."""
    random = np.random.default_rng([SEED, len(tenant.fingerprint)])
    per_stream = tenant.from_ms.shape[1] * A_DAY
    streams_a_file = max(_ROWS_A_FILE // per_stream, 1)
    for first in range(0, len(tenant.fingerprint), streams_a_file):
        part = slice(first, first + streams_a_file)
        fingerprint = np.repeat(tenant.fingerprint[part], per_stream)
        from_ms, through_ms, checksum, kb = (
            getattr(tenant, name)[part].ravel() for name in ("from_ms", "through_ms", "checksum", "kb")
        )
        modified = through_ms // 1000 + 600
        age_days = (int(as_of.timestamp()) - modified) // 86_400
        tier = np.where(age_days > _HOT_DAYS, 2, 1).astype(np.int8)
        changed = np.where(tier == 2, modified + (_HOT_DAYS + 1) * 86_400, 0)
        rows = np.arange(len(fingerprint))
        kept = np.ones(len(rows), bool)

        columns = (fingerprint, from_ms, through_ms, checksum)
        gone, copied, archived, warm = random.choice(len(rows), 4, replace=False)
        kept[gone] = False
        planted["missing"].append(_name(tenant, columns, gone))
        planted["orphaned"].append(_name(tenant, columns, copied, 1))
        tier[archived], changed[archived] = 4, modified[archived] + 86_400
        planted["archived"].append(_name(tenant, columns, archived))
        old = np.flatnonzero(age_days > _HOT_DAYS + 5)
        if len(old) and (warm := int(old[warm % len(old)])) not in (gone, archived):
            tier[warm], changed[warm] = 1, 0
            planted["too_warm"].append(_name(tenant, columns, warm))
        rows = np.append(rows[kept], copied)
        checksum = checksum[rows]
        checksum[-1] ^= 1
        size = kb[rows].astype(np.int64) * 1024
        names = _names(f"{CONTAINER}/{tenant.name}/", fingerprint[rows], from_ms[rows], through_ms[rows], checksum)
        if tier[rows[-1]] != 1:
            # The copy is written now, so it is Hot.
            tier = np.append(tier[rows[:-1]], 1)
            changed = np.append(changed[rows[:-1]], 0)
        else:
            tier, changed = tier[rows], changed[rows]
        words = pa.DictionaryArray.from_arrays(tier, ["", "Hot", "Cool", "Cold", "Archive"]).cast(pa.string())
        yield pa.table(
            {
                "Name": names,
                "Content-Length": size,
                "Last-Modified": pa.array(modified[rows]).cast(pa.timestamp("s")).cast(pa.timestamp("ms")),
                "AccessTier": words,
                "AccessTierChangeTime": pa.array(changed, mask=changed == 0).cast(pa.timestamp("s")),
            }
        )


def _name(tenant: Tenant, columns: tuple[Column, ...], row: int, other: int = 0) -> str:
    fingerprint, from_ms, through_ms, checksum = (int(column[row]) for column in columns)
    return chunk_name(tenant.name, fingerprint, from_ms, through_ms, checksum ^ other)


def _names(prefix: str, fingerprint: Column, from_ms: Column, through_ms: Column, checksum: Column) -> pa.Array:
    ends = np.zeros(len(fingerprint) + 1, np.int32)
    text = np.empty(len(fingerprint) * (len(prefix) + 60), np.uint8)
    used = _write_names(
        np.frombuffer(prefix.encode(), np.uint8), fingerprint, from_ms, through_ms, checksum, text, ends
    )
    return pa.StringArray.from_buffers(len(fingerprint), pa.py_buffer(ends), pa.py_buffer(text[:used].copy()))


@numba.njit(cache=True)
def _hex(number, text, at):  # type: ignore[no-untyped-def]
    digits = 1
    while digits < 16 and number >> np.uint64(4 * digits):
        digits += 1
    for place in range(digits):
        digit = (number >> np.uint64(4 * (digits - 1 - place))) & np.uint64(15)
        text[at + place] = digit + (48 if digit < 10 else 87)
    return at + digits


@numba.njit(cache=True)
def _write_names(prefix, fingerprint, from_ms, through_ms, checksum, text, ends):  # type: ignore[no-untyped-def]
    at = 0
    for row in range(len(fingerprint)):
        text[at : at + len(prefix)] = prefix
        at = _hex(fingerprint[row], text, at + len(prefix))
        text[at] = 47
        at = _hex(np.uint64(from_ms[row]), text, at + 1)
        text[at] = 45
        at = _hex(np.uint64(through_ms[row]), text, at + 1)
        text[at] = 45
        at = _hex(np.uint64(checksum[row]), text, at + 1)
        ends[row + 1] = at
    return at


def _write_manifest(folder: Path, files: list[dict[str, Any]], as_of: datetime) -> None:
    fields = ["Name", "Content-Length", "Last-Modified", "AccessTier", "AccessTierChangeTime"]
    rule = {"filters": {"blobTypes": ["blockBlob"]}, "format": "parquet", "objectType": "blob", "schemaFields": fields}
    said = {
        "files": files,
        "inventoryStartTime": (as_of - timedelta(hours=1)).isoformat(),
        "ruleDefinition": rule,
        "ruleName": RULE,
        "status": "Succeeded",
    }
    data = json.dumps(said).encode()
    (folder / f"{RULE}-manifest.json").write_bytes(data)
    (folder / f"{RULE}-manifest.checksum").write_text(md5(data, usedforsecurity=False).hexdigest())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chunks", type=int, default=10_000_000)
    options = parser.parse_args()
    if options.folder.exists():
        shutil.rmtree(options.folder)
    planted_ = make(options.folder, options.chunks)
    print({name: len(names) for name, names in asdict(planted_).items()})
