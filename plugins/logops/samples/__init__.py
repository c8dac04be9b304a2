"""Seeded sample logs that look like those of a real system, for tests, benchmarks and `make up`."""

from logops.samples.backfill import backfill
from logops.samples.files import FILE_NAMES, follow, write_past
from logops.samples.generate import generate
from logops.samples.history import BackfillMismatchError, History
from logops.samples.line import Kind, Line

__all__ = [
    "FILE_NAMES",
    "BackfillMismatchError",
    "History",
    "Kind",
    "Line",
    "backfill",
    "follow",
    "generate",
    "write_past",
]
