"""Read Loki's TSDB index files."""

from logops.tsdb.errors import IndexCorruptError, IndexFileError, IndexTooLargeError, IndexVersionError
from logops.tsdb.index import Index
from logops.tsdb.reader import read_index

__all__ = ["Index", "IndexCorruptError", "IndexFileError", "IndexTooLargeError", "IndexVersionError", "read_index"]
