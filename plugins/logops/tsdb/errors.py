"""Errors of reading an index file.

IndexFileError
├── IndexCorruptError   the content is damaged: it is truncated, a byte has changed, or it is not an index
├── IndexVersionError   the format is not V2 or V3
└── IndexTooLargeError  the unpacked size is above the limit
"""

from logops.errors import LogopsError


class IndexFileError(LogopsError):
    """An index file could not be read. None of its content is used."""

    damaged = True
    """True if the file is certainly damaged: no version of Loki writes such a file."""

    def __init__(self, name: str, what: str, offset: int) -> None:
        super().__init__(f"The index file {name} cannot be read: {what}")
        self.name = name
        """Name of the blob."""
        self.offset = offset
        """Bytes from the start of the unpacked content; from the start of the blob if it cannot be unpacked."""


class IndexCorruptError(IndexFileError):
    """The content of an index file is damaged."""

    def __init__(self, name: str, offset: int, what: str, where: str = "unpacked index") -> None:
        super().__init__(
            name,
            f"at byte {offset} of the {where}, {what}. The file is damaged: restore the blob from a version, a "
            "soft-deleted copy or a backup.",
            offset,
        )


class IndexVersionError(IndexFileError):
    """The format of an index file is not V2 or V3."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            name,
            f"its format is V{version}. logops reads V2 and V3, the formats of Loki 2.8 to 3. "
            + _BY_VERSION.get(version, "No version of Loki writes this format: the file is damaged. Restore the blob."),
            offset=4,
        )
        self.version = version
        self.damaged = version not in _BY_VERSION


_BY_VERSION = {
    1: "Let Loki's compactor rewrite the file: it writes a compacted table in the format of its schema period.",
    4: "A version of Loki after 3 wrote the file: use a version of logops that supports it.",
}


class IndexTooLargeError(IndexFileError):
    """The unpacked size of an index file is above the limit."""

    damaged = False

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(
            name,
            f"it unpacks to more than {limit} bytes, the limit. If Loki wrote the file, raise the limit.",
            offset=limit,
        )
        self.limit = limit
        """Bytes."""
