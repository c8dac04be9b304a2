"""The request for a content audit, and its batches."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from logops.audit.request import AuditRequest, Check

CHECK = "content-audit"
"""Its name in the results."""


@dataclass(frozen=True)
class ContentRequest:
    """A request for a content audit: the next part of the rolling one, or all chunks of some tables or of a tenant."""

    run_id: str
    as_of: datetime
    """The moment to judge at: chunks that were written later are not read."""
    cover_within_ms: int
    """The rolling audit reads every chunk once in this time."""
    budget: int | None
    """Bytes to read at most; None: no limit."""
    tables: tuple[str, ...] = ()
    tenant: str = ""

    @property
    def full(self) -> bool:
        """Whether it reads all chunks of its tables or its tenant."""
        return bool(self.tables or self.tenant)

    def is_drill(self, now: datetime) -> bool:
        """Whether the run differs from a nightly run, so that it must not be recorded."""
        return self.full or self.survey.is_drill(now)

    @property
    def survey(self) -> AuditRequest:
        """The request by which containers are listed."""
        return AuditRequest((Check.RETENTION,), self.run_id, self.as_of, self.tables)


class ContentBatch(TypedDict):
    """Chunks that one task reads. Plain JSON."""

    cluster: str
    work_dir: str
    """URL of the cluster's work folder."""
    number: int
    chunks: int
    bytes: int
