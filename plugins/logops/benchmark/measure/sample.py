"""The stored form of one measured answer."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

from logops.benchmark.measure.cases import Case, Mode

if TYPE_CHECKING:
    import pyarrow as pa


class Ending(StrEnum):
    ANSWERED = "answered"
    FAILED = "failed"
    """Loki refused the query, or gave up."""
    UNREACHED = "unreached"
    """Loki could not be reached: nothing is known of the query."""
    THROTTLED = "throttled"
    """429 until all retries were used: nothing is known of its speed."""
    NOT_ASKED = "not-asked"
    """Not run: no budget or time was left, or it had failed before; `message` says which."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured answer. Seconds and bytes."""

    run: str
    environment: str
    configuration: str
    """Digest of the cluster's configuration. Samples with different digests are not compared."""
    query: str
    text: str
    cluster: str
    tenant: str
    mode: str
    range_s: int
    round: int
    started_ns: int
    ending: str
    seconds: float = 0.0
    """Measured by the client, of the attempt that was answered."""
    backed_off: int = 0
    """Number of 429 answers before."""
    message: str = ""
    exec_s: float = 0.0
    queue_s: float = 0.0
    bytes: int = 0
    lines: int = 0
    chunks: int = 0
    cached_chunks: int = 0
    """Chunks from the chunk cache."""
    cached_results: int = 0
    splits: int = 0
    shards: int = 0
    concurrency: int = 1
    """Queries at a time, including this one."""
    step_s: int = 0
    """0 in runs before 2026-11-27."""

    @property
    def judged(self) -> bool:
        """Whether it measures the query's speed: answered, and not in the warm-up round."""
        return self.round > 0 and self.ending == Ending.ANSWERED


def to_table(samples: Iterable[Sample]) -> "pa.Table":
    """Return one row per sample, with the fields as columns."""
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    schema = pa.schema([(field.name, types[str(field.type.__name__)]) for field in fields(Sample)])  # type: ignore[union-attr]
    return pa.Table.from_pylist([asdict(sample) for sample in samples], schema=schema)


def by_case(samples: Iterable[Sample]) -> dict[Case, list[Sample]]:
    """Return the samples of each query, range and mode, in their order."""
    samples_by_case: dict[Case, list[Sample]] = {}
    for sample in samples:
        samples_by_case.setdefault(Case(sample.query, sample.range_s, Mode(sample.mode)), []).append(sample)
    return samples_by_case
