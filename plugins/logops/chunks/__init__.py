"""Read and verify Loki's chunks: the bytes of a blob in, values out."""

from logops.chunks.chunk import Block, Chunk
from logops.chunks.errors import ChunkCorruptError, ChunkEmptyError, ChunkError, ChunkFormatError
from logops.chunks.name import ChunkName
from logops.chunks.verify import SMALLEST_CHUNK, verify_chunk

__all__ = [
    "SMALLEST_CHUNK",
    "Block",
    "Chunk",
    "ChunkCorruptError",
    "ChunkEmptyError",
    "ChunkError",
    "ChunkFormatError",
    "ChunkName",
    "verify_chunk",
]
