"""How much of the contents of chunks the content audit has verified, for the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from logops.audit.content.coverage import Coverage
from logops.audit.report.recorded import newest_of_clusters
from logops.environment import Environment
from logops.environment.cluster import Data as Audience
from logops.findings.kinds import CONTENT_COVERAGE
from logops.findings.store import ResultsStore
from logops.number_text import count_text

_COLUMNS = (
    "chunks",
    "bytes",
    "archived_chunks",
    "archived_bytes",
    "verified_chunks",
    "verified_bytes",
    "damaged_chunks",
)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ClusterCoverage:
    """The contents of a cluster's chunks, as the last content audit left them."""

    cluster: str
    audience: Audience
    as_of: datetime
    coverage: Coverage
    archived_chunks: int
    within_days: float

    @property
    def sentence(self) -> str:
        """What was verified, what that proves, and what cannot be read."""
        archived = self.archived_chunks
        left = f" {count_text(archived, 'chunk')} in Archive cannot be read." if archived else ""
        return f"{self.cluster}: {self.coverage.sentence(self.within_days)}.{left}"


def read(store: ResultsStore, environment: Environment, now: datetime) -> Sequence[ClusterCoverage]:
    """Read the coverage of each cluster from its newest content audit. Raises StoreUnreachableError."""
    columns = ", ".join(("cluster", "as_of", *_COLUMNS))
    parts = newest_of_clusters(store, CONTENT_COVERAGE, environment.name, [*environment.clusters], now, columns)
    covered = []
    for part in parts:
        sums = part.group_by("cluster").aggregate([("as_of", "max"), *((name, "sum") for name in _COLUMNS)])
        for row in sums.to_pylist():
            chunks, size, archived, archived_size, verified, verified_size, damaged = (
                row[f"{name}_sum"] for name in _COLUMNS
            )
            coverage = Coverage(chunks - archived, size - archived_size, verified, verified_size, damaged)
            covered.append(
                ClusterCoverage(
                    row["cluster"],
                    environment.clusters[row["cluster"]].data,
                    row["as_of_max"].astimezone(UTC),
                    coverage,
                    archived,
                    environment.audit.content.cover_within.value / _DAY_MS,
                )
            )
    return sorted(covered, key=lambda entry: entry.cluster)
