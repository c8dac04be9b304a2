"""Errors while an index file is read.

IndexFileError
├── IndexCorruptError   Loki did not write it like this: cut short, a byte changed, another file
├── IndexVersionError   its format is not V2 or V3
└── IndexTooLargeError  its unpacked size is above the limit
"""

from logops.errors import LogopsError


class IndexFileError(LogopsError):
    """An index file was not read. Nothing of it was used."""

    damaged = True
    """Whether the file must be damaged: no Loki writes such a file."""

    def __init__(self, name: str, what: str, offset: int) -> None:
        super().__init__(f"The index file {name} cannot be read: {what}")
        self.name = name
        """Name of the blob."""
        self.offset = offset
        """Bytes from the start of the unpacked content; from the start of the blob if it does not unpack."""


class IndexCorruptError(IndexFileError):
    def __init__(self, name: str, offset: int, what: str, where: str = "unpacked index") -> None:
        super().__init__(
            name,
            f"at byte {offset} of the {where}, {what}. It is not as Loki wrote it: restore the blob from a version, "
            "a soft-deleted copy or a backup.",
            offset,
        )


class IndexVersionError(IndexFileError):
    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            name,
            f"its format is V{version}, and logops reads V2 and V3, which Loki 2.8 to 3 write. "
            + _BY_VERSION.get(version, "If no Loki writes that, the file is corrupt: restore the blob."),
            offset=4,
        )
        self.version = version
        self.damaged = version not in _BY_VERSION


_BY_VERSION = {
    1: "Let Loki's compactor write it anew: a table that it compacts gets the format of its schema.",
    4: "A Loki after 3 wrote it: use a logops made for that Loki.",
}


class IndexTooLargeError(IndexFileError):
    damaged = False

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(
            name,
            f"it unpacks to more than {limit} bytes, the most that is allowed. If it is really Loki's, allow more.",
            offset=limit,
        )
        self.limit = limit
        """Bytes."""
