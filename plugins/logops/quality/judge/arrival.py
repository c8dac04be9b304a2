"""Do lines arrive, and without gaps?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from logops.findings import Evidence, Finding
from logops.findings.classes.quality import CLOCK_SKEW, GAP, RATE_OUT_OF_BAND, SOURCE_SILENT
from logops.logql.build import stream
from logops.number_text import age_text, count_text
from logops.quality.bands import Declared, Series, State, judge
from logops.quality.context import Context, clock
from logops.quality.measured import SourceMeasure

FUTURE_BUCKET = timedelta(minutes=1)
"""Length of the buckets in which lines of the future are counted."""
LEAST_LATE = 3
LEAST_LATE_SHARE = 0.01
"""Fewer late lines are no finding: a batch may be sent again."""


def silent_sources(context: Context) -> Iterator[Finding]:
    """Yield the sources whose newest line is older than they promise, or than their own pauses."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        if measure.searched_since is None:
            continue
        last = measure.last_line
        silence = context.request.end - (last or measure.searched_since)
        if context.judges_learned_silence(name):
            verdict = context.learned[name]
            if verdict.state is State.SILENT and not measure.total_after(verdict.until):
                evidence = {"silent_s": int(silence.total_seconds()), "rule": verdict.rule.value}
                yield _silent(name, f"{name}: {verdict.text}", evidence, context)
            continue
        if silence < source.longest_silence.timedelta:
            continue
        since = f"since {clock(last)}" if last else f"since {clock(measure.searched_since)} or longer"
        message = (
            f"{name} has delivered no line {since}, for {age_text(silence.total_seconds())}. A line is expected every "
            f"{_promise(name, context)}."
        )
        evidence = {"silent_s": int(silence.total_seconds()), "expected_s": int(source.longest_silence.seconds)}
        yield _silent(name, message, evidence, context)


def _silent(name: str, message: str, evidence: Evidence, context: Context) -> Finding:
    """Return the finding about a silent source. If its lines arrive in another tenant, it says so."""
    source, measure = context.source(name)
    selector = _selector(name, context)
    finding = context.finding(SOURCE_SILENT, name, message, selector, evidence)
    if not measure.arrives_in:
        return finding
    tenants = " and ".join(measure.arrives_in)
    right, wrong = source.tenant, measure.arrives_in[0]
    remedy = (
        f"If {right} is the right tenant, correct it where the lines are sent. `logops plan ENV` shows if the file of "
        f"an agent is old. Otherwise look at the program that sends them. If {wrong} is right, change "
        f"`sources.{name}.tenant`. To see the lines: "
        f"`{context.command(source.cluster, wrong, selector)}`"
    )
    return replace(
        finding,
        message=f"{message} Lines with its labels {selector} arrive in tenant {tenants} instead of {right}.",
        evidence={**evidence, "arrives_in": ", ".join(measure.arrives_in)},
        remedy=remedy,
    )


def gaps(context: Context) -> Iterator[Finding]:
    """Yield the sources that stopped and went on within the window."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        longest = longest_gap(measure, timedelta(seconds=context.request.bucket_s))
        if longest is None or longest[1] - longest[0] < source.longest_silence.timedelta:
            continue
        start, end = longest
        if context.judges_learned_silence(name) and not any(
            bucket.state is State.SILENT and start <= bucket.start < end for bucket in context.learned[name].buckets
        ):
            continue
        length_s = (end - start).total_seconds()
        yield context.finding(
            GAP,
            name,
            f"{name} delivered no line from {clock(start)} to {clock(end)}, for {age_text(length_s)}, and then "
            f"continued. A line is expected every {_promise(name, context)}.",
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


def rates(context: Context) -> Iterator[Finding]:
    """Yield the sources whose rate is outside of their declared or their learned band.

    The declared band is compared with the buckets of the window, the learned one with the past weeks.
    """
    bucket_s = context.request.bucket_s
    for name in context.environment.sources:
        source, measure = context.source(name)
        if not measure.lines or not measure.total:
            continue
        rate = source.expect.rate
        verdicts = []
        if rate.at_least is not None or rate.at_most is not None:
            window = Series(context.request.start, bucket_s, np.array([*measure.lines.values()], float))
            verdicts.append(judge(window, Declared(rate.at_least, rate.at_most), context.request.end))
        if name in context.learned:
            verdicts.append(context.learned[name])
        outside = next((verdict for verdict in verdicts if verdict.state in (State.LOW, State.HIGH)), None)
        if outside:
            lines_per_minute = outside.seen or 0.0
            yield context.finding(
                RATE_OUT_OF_BAND,
                name,
                f"{name}: {outside.text}",
                _selector(name, context),
                {
                    "lines_per_minute": round(lines_per_minute, 3),
                    "direction": outside.state.value,
                    "rule": outside.rule.value,
                },
            )


def skewed_clocks(context: Context) -> Iterator[Finding]:
    """Yield the sources with lines from the future, or with lines that arrived long after their timestamp."""
    for name in context.environment.sources:
        source, measure = context.source(name)
        skew = source.expect.skew
        future = sum(
            count
            for end, count in (measure.future or {}).items()
            if end - FUTURE_BUCKET >= context.request.as_of + skew.timedelta
        )
        late = late_lines(name, context)
        problems = [
            *([f"{count_text(future, 'line')} more than {skew} in the future"] if future else []),
            *([f"{count_text(late, 'line')} arrived more than {skew} after their timestamp"] if late else []),
        ]
        if problems:
            yield context.finding(
                CLOCK_SKEW,
                name,
                f"{name}: {' and '.join(problems)}.",
                _selector(name, context),
                {"future_lines": future, "late_lines": late},
            )


def late_lines(name: str, context: Context) -> int:
    """Return the lines that the earlier run could not see yet, although their timestamp was old enough.

    Lines that an agent sends after an outage are late too, but then the source is up to date now, and it had nothing
    recent in the earlier run. They do not count.
    """
    source, measure = context.source(name)
    earlier = context.earlier
    if earlier is None or measure.lines is None or name not in earlier.lines:
        return 0
    before = earlier.lines[name]
    recent = earlier.as_of - source.expect.skew.timedelta
    late = sum(max(count - before[end], 0) for end, count in measure.lines.items() if end <= recent and end in before)
    was_recent = any(count for end, count in before.items() if end > recent)
    is_recent = measure.last_line is not None and context.request.end - measure.last_line < source.expect.skew.timedelta
    if is_recent and not was_recent:
        return 0
    return late if late > max(LEAST_LATE, measure.total * LEAST_LATE_SHARE) else 0


def _promise(name: str, context: Context) -> str:
    """Return how often a line is expected, and where that comes from if nobody declared it."""
    source = context.environment.sources[name]
    if source.expect_every:
        return str(source.expect_every)
    if context.judges_learned_silence(name):
        return f"{source.longest_silence} or less often, by the source's own pauses"
    learning = f" ({context.learned[name].short_text})" if name in context.learned else ""
    return f"{source.longest_silence}, the default{learning}"


def _selector(name: str, context: Context) -> str:
    source = context.environment.sources[name]
    return str(stream(dict(source.labels)))
