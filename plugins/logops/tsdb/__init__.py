"""Reads Loki's TSDB index files."""

from logops.tsdb.errors import IndexCorrupt, IndexTooLarge, IndexUnreadable, IndexVersionUnsupported
from logops.tsdb.index import Index
from logops.tsdb.reader import read_index

__all__ = ["Index", "IndexCorrupt", "IndexTooLarge", "IndexUnreadable", "IndexVersionUnsupported", "read_index"]
