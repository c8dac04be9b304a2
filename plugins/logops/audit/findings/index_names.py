"""Find all index files that a finding is about. Pure."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from logops.audit.survey.objects import IndexFile
from logops.clients.blob_storage.blobs import Tier
from logops.findings import Finding
from logops.findings.classes import audit as classes

if TYPE_CHECKING:
    import pyarrow as pa


def files_of(finding: Finding, files: Iterable[IndexFile], waiting: Sequence[IndexFile]) -> list[IndexFile]:
    """Return the files of a finding; none if it is about something else.

    files     all index files of the cluster
    waiting   files that have waited too long for the compactor
    """
    subject = finding.subject
    match finding.cls:
        case classes.COMPACTION_STALLED:
            return [*waiting]
        case classes.TABLE_UNCOMPACTED:
            return [file for file in waiting if file.table == subject.table]
        case classes.TABLE_WITHOUT_SCHEMA:
            return [file for file in files if file.table == subject.table]
        case classes.INDEX_DUPLICATE:
            return [file for file in files if (file.table, file.tenant) == (subject.table, subject.tenant)]
        case classes.INDEX_TIERED:
            return [file for file in files if file.table == subject.table and file.tier not in (Tier.UNKNOWN, Tier.HOT)]
        case classes.INDEX_CORRUPT | classes.INDEX_MISPLACED:
            return [file for file in files if file.name == subject.path]
    return []


def names_table(files_by_finding: Iterable[tuple[Finding, Sequence[IndexFile]]]) -> "pa.Table":
    """Return one row per file and class, with the columns of `faulty-chunks`."""
    import pyarrow as pa

    rows = [
        {
            "class": finding.cls.name,
            "day": file.day,
            "table": file.table,
            "tenant": file.tenant,
            "name": file.name,
            "bytes": file.size,
            "since_ms": file.modified * 1000,
        }
        for finding, files in files_by_finding
        for file in files
    ]
    text = pa.string()
    kinds = {"class": text, "day": pa.int32(), "table": text, "tenant": text, "name": text}
    kinds |= {"bytes": pa.int64(), "since_ms": pa.int64()}
    return pa.Table.from_pylist(rows, schema=pa.schema([*kinds.items()]))
