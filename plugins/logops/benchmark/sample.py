"""One measured answer, as it is kept."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class Ending(StrEnum):
    ANSWERED = "answered"
    FAILED = "failed"
    """Loki refused the query, or gave it up."""
    UNREACHED = "unreached"
    """There was no conversation with Loki: nothing is known of the query."""
    THROTTLED = "throttled"
    """429 until patience ended: nothing is known of its speed."""
    NOT_ASKED = "not-asked"
    """The budget or the time left no room for it, or it had failed; `message` says which."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds and bytes."""

    run: str
    environment: str
    configuration: str
    """Digest of the cluster's configuration: samples of different ones are not compared."""
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
    """As the client saw it, of the attempt that was answered."""
    backed_off: int = 0
    """How often Loki said 429 before."""
    message: str = ""
    exec_s: float = 0.0
    queue_s: float = 0.0
    bytes: int = 0
    lines: int = 0
    chunks: int = 0
    cached_chunks: int = 0
    """Of them, from the cache of chunks."""
    cached_results: int = 0
    splits: int = 0
    shards: int = 0
    concurrency: int = 1
    """Queries at a time, this one counted."""
    step_s: int = 0
    """0 in runs before 2026-11-27."""

    @property
    def judged(self) -> bool:
        """Whether it says how fast the query is: answered, and not in the round that warms."""
        return self.round > 0 and self.ending == Ending.ANSWERED


def to_table(samples: Iterable[Sample]) -> "pa.Table":
    """A row each, columns as the fields."""
    import pyarrow as pa

    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    schema = pa.schema([(field.name, types[str(field.type.__name__)]) for field in fields(Sample)])  # type: ignore[union-attr]
    return pa.Table.from_pylist([asdict(one) for one in samples], schema=schema)
