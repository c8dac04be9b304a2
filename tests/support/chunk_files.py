"""Chunks for tests: every encoding and format, written by Loki's own code.

`python -m tests.support.chunk_files` writes the files of tests/unit/chunks again.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import loki_index
from benchmarks.loki_index import ChunkToWrite
from logops.chunks.data import ENCODINGS

FILES = Path(__file__).parents[1] / "unit/chunks/files"
TENANTS = tuple(f"v{version}-{encoding}" for version in (2, 3, 4) for encoding in ENCODINGS.values())
"""The tenant of a file names its format and encoding."""
_NANOSECONDS = 1_790_000_000_123_456_789


def chunks_of_every_kind(folder: Path, *, lines: int = 40) -> Iterator[ChunkToWrite]:
    """Yield a chunk of each format and encoding, with several blocks."""
    for number, tenant in enumerate(TENANTS):
        version, encoding = tenant.split("-", 1)
        chosen = random.Random(number)
        yield ChunkToWrite(
            folder,
            tenant,
            chosen.getrandbits(64),
            {"service": "checkout", "level": "error", "zäh": 'quote" and \\'},
            [
                (_NANOSECONDS + nth * 250_000_001, _line(chosen, nth), _metadata(chosen, version))
                for nth in range(lines)
            ],
            format=int(version[1:]),
            encoding=encoding,
            block_size=400,
        )


def _line(chosen: random.Random, nth: int) -> str:
    return f"level=error request={nth} took={chosen.randrange(10_000)}ms user={chosen.getrandbits(32):08x}"


def _metadata(chosen: random.Random, version: str) -> Mapping[str, str]:
    return {"trace_id": f"{chosen.getrandbits(32):08x}"} if version == "v4" else {}


if __name__ == "__main__":
    for written in loki_index.write_chunks(loki_index.program(), chunks_of_every_kind(FILES, lines=20)):
        print(written)
