"""Random index files for the reader's tests, generated from a seed and written by Loki's own builder."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks import loki_index
from logops.tsdb import Index

TENANT_LABEL = "__loki_tenant__"
ODD = ("", "a", "z\u00e4h \u2713", 'quote" and \\', "line\nbreak", "x" * 300, "\U0001f600", "__")


def table(folder: Path, seed: int, *, version: int, uploader: str = "", series: int = 40) -> loki_index.Table:
    """Return a table of streams with unusual labels and 1 to 40 chunks each: overlapping, equal, short, years long."""
    random = np.random.default_rng(seed)
    fingerprints = np.unique(random.integers(0, 2**64 - 1, series, dtype=np.uint64, endpoint=True))
    streams = [(int(number), _labels(random, nth, uploader)) for nth, number in enumerate(fingerprints)]
    counts = random.choice([1, 2, 3, 17, 40], len(streams))
    rows = np.zeros(int(counts.sum()), loki_index.RECORD)
    rows["series"] = np.repeat(np.arange(len(streams)), counts)
    rows["from_ms"] = random.integers(1_700_000_000_000, 1_790_000_000_000, len(rows))
    rows["through_ms"] = rows["from_ms"] + random.choice([0, 1, 7_200_000, 86_400_000 * 400], len(rows))
    rows["checksum"] = random.integers(0, 2**32, len(rows))
    rows["kb"] = random.choice([0, 1, 1500, 2**32 - 1], len(rows))
    rows["entries"] = random.choice([1, 90_000, 2**32 - 1], len(rows))
    # The order in which ingesters append chunks.
    rows = rows[np.lexsort((rows["through_ms"], rows["from_ms"], rows["series"]))]
    return loki_index.Table(folder, streams, rows, uploader=uploader, version=version, gzip=bool(seed % 2))


def _labels(random: np.random.Generator, nth: int, uploader: str) -> Mapping[str, str]:
    labels = {"nth": str(nth), "job": str(random.choice(ODD[1:]))}
    labels |= {f"label_{number}": str(random.choice(ODD[1:])) for number in range(int(random.integers(0, 12)))}
    return labels | {TENANT_LABEL: f"tenant-{nth % 3}"} if uploader else labels


def series_of(index: Index) -> list[loki_index.Series]:
    """Return an index in the form of Loki's own reader, without the tenant label."""
    found = [loki_index.Series(0, labels) for labels in index.labels()]
    fingerprints = [0] * len(found)
    for row in index.entries().to_pylist():
        fingerprints[row["series"]] = row["fingerprint"]
        found[row["series"]].chunks.append(
            [row[name] for name in ("from_ms", "through_ms", "kb", "entries", "checksum")]
        )
    return [
        loki_index.Series(fingerprint, one.labels, one.chunks)
        for fingerprint, one in zip(fingerprints, found, strict=True)
        if one.chunks
    ]


def without_tenant(one: loki_index.Series) -> loki_index.Series:
    labels = {name: value for name, value in one.labels.items() if name != TENANT_LABEL}
    return loki_index.Series(one.fingerprint, labels, one.chunks)
