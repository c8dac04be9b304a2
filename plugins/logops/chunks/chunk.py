"""The content of a chunk, without its lines."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A block of compressed lines."""

    entries: int
    """Number of lines."""
    from_ns: int
    """Time of the first line, Unix nanoseconds."""
    through_ns: int
    """Time of the last line."""
    offset: int
    """Bytes from the start of the chunk's data."""
    length: int
    """Bytes, compressed."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk whose checksums are all right."""

    tenant: str
    fingerprint: int
    from_ms: int
    through_ms: int
    labels: Mapping[str, str]
    format: int
    """2 to 4."""
    encoding: str
    """Loki's name of the compression: `snappy`."""
    blocks: tuple[Block, ...]

    @property
    def entries(self) -> int:
        """Number of lines."""
        return sum(block.entries for block in self.blocks)
