"""The result of a content audit."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from logops.audit.content.coverage import Coverage
from logops.findings import Finding, failed
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.findings.history import Changes
from logops.number_text import count_text, size_text


@dataclass(frozen=True)
class ContentResult:
    """The result of one run."""

    environment: str
    run_id: str
    as_of: datetime
    findings: tuple[Finding, ...]
    chunks: int
    """Chunks that were read and verified."""
    bytes: int
    archived_chunks: int
    """Chunks in the Archive tier, which cannot be read."""
    archived_bytes: int
    coverage: Coverage
    within_days: float
    full: bool
    changes: Changes | None = None
    """Changes since earlier runs; None if the run was not recorded."""

    @property
    def failed(self) -> bool:
        """Whether a chunk is damaged, or could not be verified."""
        return failed(self.findings)

    @property
    def incomplete(self) -> bool:
        """Whether something was not read that a repeated step may still read."""
        return any(finding.cls is CHECK_INCOMPLETE for finding in self.findings)

    @property
    def headline(self) -> str:
        """One line for a person to read first."""
        verified = f"{count_text(self.chunks, 'chunk')} verified, {size_text(self.bytes)}"
        by_class = ", ".join(sorted({finding.cls.name for finding in self.findings}))
        found = f"{count_text(len(self.findings), 'finding')} ({by_class})" if self.findings else "no findings"
        return f"{self.environment}: {found}; {verified}; {self.coverage.sentence(self.within_days)}"

    def details(self) -> list[str]:
        """Return what a log shows after the findings."""
        if not self.archived_chunks:
            return []
        return [f"Not read: {count_text(self.archived_chunks, 'chunk')}, {size_text(self.archived_bytes)} in Archive."]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "environment": self.environment,
            "run": self.run_id,
            "as_of": self.as_of.isoformat(),
            "headline": self.headline,
            "findings": [finding.to_dict() for finding in self.findings],
            "chunks": self.chunks,
            "bytes": self.bytes,
            "archived_chunks": self.archived_chunks,
            "archived_bytes": self.archived_bytes,
            "coverage": {**asdict(self.coverage), "within_days": self.within_days},
            "full": self.full,
        }
