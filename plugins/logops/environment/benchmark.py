"""Settings of the nightly benchmark of the query library."""

from typing import Annotated

from pydantic import Field

from logops.environment.base import Model
from logops.environment.units import Duration, Size


class Benchmark(Model):
    """Defaults of a benchmark run."""

    ranges: tuple[Duration, ...] = ()
    """Time ranges over which queries are measured, besides each query's range. A longer range reads more bytes."""
    budget: Size = Size("20GiB")
    """Bytes that Loki may read for one run. Queries beyond the budget are skipped."""
    minutes: Annotated[int, Field(ge=1, le=50)] = 45
    """Minutes that a run may take; its task may take an hour. Queries that are left then are skipped."""
