"""What the nightly benchmark of the query library asks, and how much of the cluster it may take."""

from typing import Annotated

from pydantic import Field

from logops.environment.base import Model
from logops.environment.units import Duration, Size


class Benchmark(Model):
    """What a run is asked that says nothing else."""

    ranges: tuple[Duration, ...] = ()
    """Over which queries are measured besides their own: six hours read six times as much as one."""
    budget: Size = Size("20GiB")
    """Bytes that Loki may read for all of a run; what is left then is not asked."""
    minutes: Annotated[int, Field(ge=1, le=50)] = 45
    """That a run may take, of the hour of its task; what is left then is not asked."""
