"""Do lines arrive, and without gaps?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from logops.findings import Finding
from logops.findings.classes.quality import SOURCE_GAP, SOURCE_SILENT
from logops.logql.build import stream
from logops.number_text import age_text
from logops.quality.context import Context, clock
from logops.quality.measured import SourceMeasure


def silent_sources(context: Context) -> Iterator[Finding]:
    """Yield the sources whose newest line is older than they promise."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        if measure.searched_since is None:
            continue
        last = measure.last_line
        silence = context.request.end - (last or measure.searched_since)
        if silence < source.expect_every.timedelta:
            continue
        since = f"since {clock(last)}" if last else f"since {clock(measure.searched_since)} or longer"
        yield context.finding(
            SOURCE_SILENT,
            name,
            f"{name} has delivered no line {since}, for {age_text(silence.total_seconds())}. A line is expected every "
            f"{source.expect_every}.",
            _selector(name, context),
            {"silent_s": int(silence.total_seconds()), "expected_s": int(source.expect_every.seconds)},
        )


def gaps(context: Context) -> Iterator[Finding]:
    """Yield the sources that stopped and went on within the window."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        longest = longest_gap(measure, timedelta(seconds=context.request.bucket_s))
        if longest is None or longest[1] - longest[0] < source.expect_every.timedelta:
            continue
        start, end = longest
        length_s = (end - start).total_seconds()
        yield context.finding(
            SOURCE_GAP,
            name,
            f"{name} delivered no line from {clock(start)} to {clock(end)}, for {age_text(length_s)}, and then "
            f"continued. A line is expected every {source.expect_every}.",
            _selector(name, context),
            {"from": start.isoformat(), "to": end.isoformat(), "gap_s": int(length_s)},
        )


def longest_gap(measure: SourceMeasure, bucket: timedelta) -> tuple[datetime, datetime] | None:
    """Return start and end of the longest time without a line that has lines before and after it; None: no gap."""
    counts = [*(measure.lines or {}).items()]
    with_lines = [number for number, (_, count) in enumerate(counts) if count]
    if not with_lines:
        return None
    inside = counts[with_lines[0] : with_lines[-1]]
    empty = [
        [end for end, _ in run] for has_lines, run in groupby(inside, key=lambda item: item[1] > 0) if not has_lines
    ]
    if not empty:
        return None
    longest = max(empty, key=len)
    return longest[0] - bucket, longest[-1]


def _selector(name: str, context: Context) -> str:
    source = context.environment.sources[name]
    return str(stream(dict(source.labels)))
