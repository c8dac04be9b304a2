"""Measurements of earlier runs, to compare with. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from logops.quality.balance import EarlierStored
from logops.quality.bands import Series
from logops.quality.counters import Counter


@dataclass(frozen=True)
class Earlier:
    """The measurements of earlier runs."""

    as_of: datetime
    """The moment of the newest earlier run."""
    counters: Sequence[Counter] = ()
    """The counters of the newest earlier run that read them."""
    streams: Mapping[str, int] = field(default_factory=dict)
    """Streams of each source, in the newest earlier run."""
    lines: Mapping[str, Mapping[datetime, int]] = field(default_factory=dict)
    """Lines of each source by the end of their bucket, in the newest earlier run."""
    history: Mapping[str, Series] = field(default_factory=dict)
    """Lines of each source in the past weeks, in quarters of an hour."""
    stored: EarlierStored | None = None
    """None: no run of the day before counted the lines of whole tenants."""
