"""Judge the line counts of a source: are they inside of their band, and if not, since when?"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from logops.number_text import age_text
from logops.quality.bands.learn import NEEDED_DAYS, OF, OUTSIDE, Learned, LearnedRate, Side, learn
from logops.quality.bands.score import count_at
from logops.quality.bands.series import MINUTE_S, Counts, Series
from logops.quality.bands.silence import FEWEST_BUCKETS, pauses
from logops.quality.bands.threshold import kth_largest
from logops.quality.bands.verdict import Bucket, LevelShift, Rule, State, Verdict

_NO_HOLIDAYS: Set[date] = frozenset()


@dataclass(frozen=True)
class Declared:
    """Declared limits of a source. All are optional."""

    at_least: float | None = None
    """Fewest lines per minute."""
    at_most: float | None = None
    """Most lines per minute."""
    expect_every: timedelta | None = None
    """Longest time without a line. None: learn it from the source's own pauses."""

    @property
    def has_rate(self) -> bool:
        return self.at_least is not None or self.at_most is not None


@dataclass(frozen=True, eq=False)
class _Deviation:
    """The buckets of the series that break a rule, and the current deviation."""

    state: State
    holds: npt.NDArray[np.bool_]
    """The buckets that are in this state."""
    rule: Rule
    since: int
    """Bucket in which the current deviation began."""
    lower: float | None
    upper: float | None
    """Counts per bucket, mean since then."""

    @property
    def is_learned_rate(self) -> bool:
        return self.rule in (Rule.LEARNED, Rule.LEARNED_MEAN)


def judge(
    series: Series,
    declared: Declared,
    as_of: datetime,
    zone: str = "UTC",
    holidays: Set[date] = _NO_HOLIDAYS,
) -> Verdict:
    """Judge a source at a moment.

    series     line counts, best of 5 weeks and more; 29 days are needed to learn a band
    declared   limits that hold from the first day on, and beside the learned band
    as_of      the moment. Later buckets, and the bucket that is still filling, are not judged
    zone       the time zone whose hours of the week the source follows
    holidays   days that are like Sundays
    """
    closed = series.closed(as_of)
    counts = closed.counts
    live = closed.since_first_traffic()
    weeks = len(live.counts) / live.day / 7
    if not np.isfinite(counts).any():
        basis = "No bucket was measured. Look for what hinders the measurement."
        since = closed.start if len(counts) else None
        return Verdict(State.ABSENT, Rule.NONE, since, closed.end, None, None, None, weeks, basis)
    learned = learn(live, zone, holidays)
    basis = _basis(learned, declared, live)
    shown = min(closed.day, len(counts))
    verdict = Verdict(State.INSIDE, Rule.LEARNED, None, closed.end, None, None, None, weeks, basis)
    if learned is None:
        rule = Rule.DECLARED if declared.has_rate or declared.expect_every else Rule.NONE
        verdict = replace(verdict, rule=rule, state=State.LEARNING if rule is Rule.NONE else State.INSIDE)
    deviations = _deviations(counts, closed, declared, learned)
    verdict = replace(
        _decided(verdict, closed, deviations, learned),
        buckets=_buckets(closed, shown, verdict.state, deviations, learned),
    )
    if learned and learned.shift_buckets_ago is not None:
        since = closed.start_of(len(counts) - learned.shift_buckets_ago)
        shift = LevelShift(since, learned.shift_ratio)
        verdict = replace(verdict, shift=shift, basis=f"{verdict.basis} {shift.text}")
    return verdict


def _basis(learned: Learned | None, declared: Declared, live: Series) -> str:
    days = len(live.counts) // live.day
    if learned is None:
        history = f"{days} of {NEEDED_DAYS} days of history are there"
        if days >= NEEDED_DAYS:
            history = "Most of the history was not measured"
        if not live.divides_hour:
            history = f"Buckets of {live.bucket_s} s do not divide an hour"
        if (declared.has_rate or declared.expect_every) and not days:
            # Some hours are a window, not a history.
            return "Declared in the environment."
        if declared.has_rate or declared.expect_every:
            return f"Declared in the environment. {history}, so no band is learned yet."
        return (
            f"Learning: {history[0].lower()}{history[1:]}. To be warned before, declare expect_every and expect.rate."
        )
    text = f"Learned from {days // 7} weeks."
    if learned.rate is None:
        return f"{text} The source has too few lines for a band; only silence is judged."
    if learned.rate.factor > 1:
        bucket = age_text(learned.rate.factor * live.bucket_s)
        text = f"{text} The source has few lines, so {bucket} are judged together."
    return text


def _deviations(counts: Counts, closed: Series, declared: Declared, learned: Learned | None) -> list[_Deviation]:
    """Return what each rule says, the most important rule first."""
    deviations = [_silence(counts, closed, declared, learned)]
    rates = counts * (MINUTE_S / closed.bucket_s)
    per_bucket = closed.bucket_s / MINUTE_S
    if declared.at_least is not None:
        low = declared.at_least - rates
        deviations.append(_beyond(low, State.LOW, declared.at_least * per_bucket, None))
    if declared.at_most is not None:
        high = rates - declared.at_most
        deviations.append(_beyond(high, State.HIGH, None, declared.at_most * per_bucket))
    if learned and learned.rate:
        deviations.append(_learned_side(learned.rate, learned.rate.low, State.LOW, len(counts)))
        deviations.append(_learned_side(learned.rate, learned.rate.high, State.HIGH, len(counts)))
    return deviations


def _silence(counts: Counts, closed: Series, declared: Declared, learned: Learned | None) -> _Deviation:
    rule = Rule.DECLARED if declared.expect_every else Rule.LEARNED_SILENCE
    running = pauses(counts, np.zeros(len(counts)))
    if declared.expect_every:
        silent = running.length * closed.bucket_s >= declared.expect_every.total_seconds()
        silent &= running.length > 0
    elif learned:
        surprise = np.zeros(len(counts))
        surprise[-len(learned.surprise) :] = learned.surprise
        summed = pauses(counts, surprise).surprise
        silent = (running.length >= FEWEST_BUCKETS) & (summed > learned.silence_limit)
    else:
        silent = np.zeros(len(counts), bool)
    with_lines = np.flatnonzero(np.nan_to_num(counts) > 0)
    since = int(with_lines[-1]) + 1 if len(with_lines) else 0
    lower = upper = None
    if learned and learned.rate and since < len(counts):
        lower, upper = _mean_band(learned.rate, len(counts), since)
    return _Deviation(State.SILENT, silent, rule, since, lower, upper)


def _beyond(excess: Counts, state: State, lower: float | None, upper: float | None) -> _Deviation:
    """Judge a declared limit. It has the same persistence gate: 3 of 4 buckets."""
    return _Deviation(state, kth_largest(excess, OUTSIDE, OF) > 0, Rule.DECLARED, _since(excess > 0), lower, upper)


def _learned_side(rate: LearnedRate, side: Side, state: State, length: int) -> _Deviation:
    repeated = np.repeat(side.is_gated | side.is_mean_outside, rate.factor)
    holds = np.zeros(length, bool)
    holds[length - len(repeated) :] = repeated
    if side.is_gated[-1]:
        rule, since = Rule.LEARNED, _since(side.is_outside)
        limit_low, limit_high = rate.low.limit, rate.high.limit
    else:
        sign = -1 if state is State.LOW else 1
        rule, since = Rule.LEARNED_MEAN, _mean_since(sign * np.nan_to_num(rate.score), side.mean_limit)
        limit_low, limit_high = rate.low.mean_limit, rate.high.mean_limit
    expected = rate.expected[since:]
    lower = float(count_at(rate.offset - limit_low, expected, rate.dispersion).mean()) / rate.factor
    upper = float(count_at(rate.offset + limit_high, expected, rate.dispersion).mean()) / rate.factor
    return _Deviation(state, holds, rule, length - len(repeated) + since * rate.factor, lower, upper)


def _since(is_outside: npt.NDArray[np.bool_]) -> int:
    """Return the first bucket of the current deviation: after the last time that two buckets in a row were inside."""
    inside = ~is_outside
    two = np.flatnonzero(inside[1:] & inside[:-1])
    first = int(two[-1]) + 2 if len(two) else 0
    outside = np.flatnonzero(is_outside[first:])
    return first + int(outside[0]) if len(outside) else len(is_outside) - 1


def _mean_since(score: Counts, limit: float) -> int:
    """Return the bucket from which on the scores add up to the largest deviation."""
    sums = np.cumsum((score - limit / 2)[::-1])[::-1]
    return int(np.argmax(sums))


def _mean_band(rate: LearnedRate, length: int, since: int) -> tuple[float, float]:
    """Return the mean band since a bucket of the series, in lines per bucket."""
    first = min(max(len(rate.observed) - -(-(length - since) // rate.factor), 0), len(rate.observed) - 1)
    return float(rate.lower[first:].mean()) / rate.factor, float(rate.upper[first:].mean()) / rate.factor


def _decided(verdict: Verdict, closed: Series, deviations: list[_Deviation], learned: Learned | None) -> Verdict:
    """Return the verdict with the first rule that is broken at the end of the series."""
    per_minute = MINUTE_S / closed.bucket_s
    counts = closed.counts
    absent = _absent_at_end(counts)
    if absent >= FEWEST_BUCKETS:
        since = closed.start_of(len(counts) - absent)
        basis = "Look for what hinders the measurement."
        return replace(verdict, state=State.ABSENT, rule=Rule.NONE, since=since, basis=basis)
    present = len(counts) - absent - 1
    for deviation in deviations:
        if deviation.holds[present] and not (learned and learned.is_new_level and deviation.is_learned_rate):
            return replace(
                verdict,
                state=deviation.state,
                rule=deviation.rule,
                since=closed.start_of(deviation.since),
                seen=float(np.nan_to_num(np.nanmean(counts[deviation.since :]))) * per_minute,
                lower=None if deviation.lower is None else deviation.lower * per_minute,
                upper=None if deviation.upper is None else deviation.upper * per_minute,
            )
    hour = min(OF, len(counts))
    lower, upper = (
        _mean_band(learned.rate, len(counts), len(counts) - hour) if learned and learned.rate else (None, None)
    )
    return replace(
        verdict,
        seen=float(np.nanmean(counts[-hour:])) * per_minute,
        lower=None if lower is None else lower * per_minute,
        upper=None if upper is None else upper * per_minute,
    )


def _absent_at_end(counts: Counts) -> int:
    return len(counts) - 1 - int(np.flatnonzero(np.isfinite(counts))[-1])


def _buckets(
    closed: Series, shown: int, inside: State, deviations: list[_Deviation], learned: Learned | None
) -> list[Bucket]:
    """Return the last buckets as they were judged."""
    per_minute = MINUTE_S / closed.bucket_s
    first = len(closed.counts) - shown
    states = [inside] * shown
    for deviation in reversed(deviations):
        for bucket in np.flatnonzero(deviation.holds[first:]):
            states[bucket] = deviation.state
    for bucket in np.flatnonzero(np.isnan(closed.counts[first:])):
        states[bucket] = State.ABSENT
    empty = np.full(shown, np.nan)
    expected = learned.expected[-shown:] if learned else empty
    lower = upper = empty
    if learned and learned.rate:
        factor = learned.rate.factor
        lower, upper = (np.repeat(band / factor, factor)[-shown:] for band in (learned.rate.lower, learned.rate.upper))
    rows = zip(states, closed.counts[first:], expected, lower, upper, strict=True)
    return [
        Bucket(closed.start_of(first + number), state, *(_known(value * per_minute) for value in values))
        for number, (state, *values) in enumerate(rows)
    ]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
