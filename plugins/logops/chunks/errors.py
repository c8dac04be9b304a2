"""Errors of verifying a chunk.

ChunkError
├── ChunkEmptyError     the blob has no bytes
├── ChunkCorruptError   the blob is damaged, or it is not the chunk that its name says
└── ChunkFormatError    the blob has the checksum in its name, but a format that logops does not know
"""

from logops.errors import LogopsError


class ChunkError(LogopsError):
    """A chunk could not be verified."""

    def __init__(self, name: str, what: str, offset: int = 0) -> None:
        super().__init__(f"The chunk {name} {what}.")
        self.name = name
        """Name of the blob."""
        self.what = what
        """The fault, as the end of a sentence that starts with the chunk's name."""
        self.offset = offset
        """Bytes from the start of the blob."""


class ChunkEmptyError(ChunkError):
    """The blob of a chunk has no bytes."""


class ChunkCorruptError(ChunkError):
    """The blob of a chunk is damaged, or it is not the chunk that its name says."""


class ChunkFormatError(ChunkError):
    """The blob of a chunk has the checksum in its name, but a format that logops does not know."""
