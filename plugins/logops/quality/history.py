"""The past weeks of each source, and what they teach about the present. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from logops.environment import Environment
from logops.quality.bands import Declared, Series, Verdict, judge
from logops.quality.measured import Measured
from logops.quality.request import QualityRequest

HISTORY_BUCKET_S = 900


def learned_verdicts(
    environment: Environment, request: QualityRequest, measured: Measured, history: Mapping[str, Series]
) -> dict[str, Verdict]:
    """Return the judgement of each source by its own past weeks, without declared limits."""
    usual = environment.quality
    verdicts = {}
    for name, measure in measured.sources.items():
        series = with_new_quarters(history.get(name), quarters(measure.lines or {}))
        if series:
            verdicts[name] = judge(series, Declared(), request.end, usual.time_zone, frozenset(usual.holidays))
    return verdicts


def quarters(lines: Mapping[datetime, int]) -> dict[datetime, int]:
    """Return the lines of each quarter of an hour that was counted completely, by its start.

    lines   by the end of buckets of one length
    """
    ends = sorted(lines)
    if len(ends) < 2:
        return {}
    bucket = ends[1] - ends[0]
    starts: dict[datetime, list[int]] = {}
    for end in ends:
        starts.setdefault(quarter_of(end - bucket), []).append(lines[end])
    complete_s = {start: len(counts) * bucket.total_seconds() for start, counts in starts.items()}
    return {start: sum(counts) for start, counts in starts.items() if complete_s[start] >= HISTORY_BUCKET_S}


def quarter_of(moment: datetime) -> datetime:
    """Return the start of the quarter of an hour that a moment is in."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % HISTORY_BUCKET_S, UTC)


def with_new_quarters(history: Series | None, new: Mapping[datetime, int]) -> Series | None:
    """Return a history with the quarters of an hour that it does not have yet; None: there are none at all."""
    if history is None:
        if not new:
            return None
        history = Series(min(new), HISTORY_BUCKET_S, np.empty(0))
    positions = {
        int((start - history.start).total_seconds()) // HISTORY_BUCKET_S: lines for start, lines in new.items()
    }
    counts = np.full(max([len(history.counts), *(position + 1 for position in positions)]), np.nan)
    counts[: len(history.counts)] = history.counts
    for position, lines in positions.items():
        if position >= 0 and np.isnan(counts[position]):
            counts[position] = lines
    return replace(history, counts=counts)
