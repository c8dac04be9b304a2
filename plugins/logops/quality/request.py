"""The request for a quality run: which lines are checked, and how much Loki may read for it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logops.environment import Environment

PATIENCE = timedelta(minutes=5)
"""Counters of processes show the present. They are judged only if `as_of` is not longer ago."""


@dataclass(frozen=True)
class QualityRequest:
    """A request for a quality run."""

    run: str
    as_of: datetime
    window_s: int
    bucket_s: int
    sample_lines: int
    """Lines of each source that are read. 0: none."""
    budget_bytes: int
    """Bytes that Loki may read in the whole run."""
    reads_counters: bool = True
    """Whether the counters of agents and of Loki are judged."""

    @property
    def end(self) -> datetime:
        """End of the window: the end of the last whole bucket. Loki counts only at multiples of a bucket's length."""
        return datetime.fromtimestamp(self.as_of.timestamp() // self.bucket_s * self.bucket_s, UTC)

    @property
    def start(self) -> datetime:
        """Start of the window."""
        return self.end - timedelta(seconds=self.window_s)

    def is_scheduled_form(self, environment: "Environment") -> bool:
        """Whether a scheduled run would ask for the same. Only such a run is recorded: others see less or more."""
        usual = environment.quality
        return (
            self.reads_counters
            and self.window_s == usual.window.value // 1000
            and self.budget_bytes == usual.budget.value
            and self.sample_lines == usual.sample_lines
        )


def quality_request(
    environment: "Environment",
    *,
    run: str,
    as_of: datetime,
    now: datetime,
    window: str | None = None,
    budget: str | None = None,
    sample_lines: int | None = None,
) -> QualityRequest:
    """Return the request for a run. What is None comes from the environment's `quality` section.

    Raises ValueError if the window or the budget is not valid.
    """
    # A DAG file imports this module, and must not import pydantic.
    from logops.environment.units import Duration, Size

    usual = environment.quality
    window_s = (usual.window if window is None else Duration(window)).value // 1000
    bucket_s = usual.bucket.value // 1000
    if window_s < 2 * bucket_s or window_s % bucket_s:
        raise ValueError(f"window: {window} is not at least two whole buckets of {usual.bucket}.")
    return QualityRequest(
        run=run,
        as_of=as_of.replace(microsecond=0),
        window_s=window_s,
        bucket_s=bucket_s,
        sample_lines=usual.sample_lines if sample_lines is None else sample_lines,
        budget_bytes=(usual.budget if budget is None else Size(budget)).value,
        reads_counters=abs(now - as_of) <= PATIENCE,
    )
