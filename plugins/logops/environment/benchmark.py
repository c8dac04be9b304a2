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
    """Bytes that Loki may read for one run. A query that could exceed it is skipped."""
    minutes: Annotated[int, Field(ge=1, le=50)] = 45
    """Time limit of a run in minutes, at most 50: the Airflow task ends after an hour. Later queries are skipped."""
