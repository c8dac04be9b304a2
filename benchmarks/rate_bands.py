"""Measure how often the rate bands are wrong, and how soon they find a drop, beside five usual detectors.

    python -m benchmarks.rate_bands [--seed 7] [--weeks 13]

The scenarios follow the description of a published validation of log volume detectors (PostHog, products/apm,
anomaly_detection/validation/REPORT.md): 49 sources of several tiers, with a daily and weekly rhythm, overdispersed
counts, hourly and nightly jobs, pods that come and go, a change of the clocks, and lasting shifts of the level. The
traffic is simulated here from a seed; nothing of theirs is copied.

Every source has 5 weeks of history, then some weeks without any incident: all alarms in them are false. An alarm that
goes on, or returns within an hour, is one alarm, but it counts again after 12 hours. Then single incidents are made: 12
hours in which a share of the lines is lost, at a random time. An incident is found if an alarm for too few lines begins
or continues in it.

The other detectors compare a bucket with the same hour of the last 5 weeks: 20 values. They are measured with their
usual limit, and with the limit at which they find as many drops by 50 % as ours does, each bucket alone and with our
persistence gate (3 of 4 buckets).
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
import numpy.typing as npt

from logops.quality.bands import Declared, Series, State, judge

Counts = npt.NDArray[np.float64]

BUCKET_S = 900
DAY = 96
WEEK = 7 * DAY
HISTORY = 5 * WEEK
CLOCKS_CHANGE = datetime(2026, 3, 8, tzinfo=UTC)
"""In New York."""
ZONE = "America/New_York"
DROPS = (0.2, 0.5, 0.9, 1.0)
INCIDENT = 48
"""12 hours."""
LOW = (State.LOW, State.SILENT)
FAULTS = (*LOW, State.HIGH)


@dataclass(frozen=True)
class Family:
    """A kind of source."""

    name: str
    sources: int
    lines: tuple[float, float]
    """Smallest and largest mean of lines per bucket of 15 minutes."""
    variation: tuple[float, float]
    """Standard deviation of the rate around its rhythm, as a share of it."""
    persistence: float = 0.0
    """Share of this variation that lasts for hours."""
    jobs: str = ""
    """`hourly` or `nightly`: bursts at the same minute."""
    pods: bool = False
    """Lines come from pods that live for some hours."""
    zone: str = "UTC"


FAMILIES = (
    Family("A: busy service, info", 8, (2_000, 50_000), (0.08, 0.2), 0.5),
    Family("A: the same in New York", 4, (2_000, 50_000), (0.08, 0.2), 0.5, zone=ZONE),
    Family("B: worker, info", 7, (50, 1_000), (0.2, 0.5), 0.5, "hourly"),
    Family("B: worker, warn", 6, (5, 50), (0.3, 0.6), 0.5),
    Family("C: quiet service, info", 6, (0.5, 5), (0.3, 0.6), 0.3),
    Family("C: errors in bursts", 6, (0.3, 10), (1.5, 2.5), 0.5),
    Family("nightly job", 4, (20, 200), (0.2, 0.4), 0.3, "nightly"),
    Family("workload of short-lived pods", 8, (20, 500), (0.2, 0.4), 0.3, pods=True),
)


@dataclass(frozen=True)
class Source:
    """A simulated source: its history, followed by weeks without an incident."""

    family: Family
    counts: Counts
    start: datetime

    def series(self, last: int, counts: Counts | None = None) -> Series:
        """Return the buckets up to `last`, as far back as a run would read them: the history and a day."""
        first = max(last - HISTORY - DAY, 0)
        seconds = self.start.timestamp() + first * BUCKET_S
        return Series(
            datetime.fromtimestamp(seconds, UTC), BUCKET_S, (self.counts if counts is None else counts)[first:last]
        )


def simulate(family: Family, seed: int, weeks: int) -> Source:
    """Return a source of a family. The same seed gives the same counts."""
    random = np.random.default_rng(seed)
    buckets = HISTORY + weeks * WEEK
    # The clocks change in the middle of the weeks that are judged.
    start = CLOCKS_CHANGE.timestamp() - HISTORY * BUCKET_S - weeks // 2 * WEEK * BUCKET_S
    local = np.arange(buckets)
    if family.zone == ZONE:
        local = local - 5 * 4 + 4 * (start + local * BUCKET_S >= CLOCKS_CHANGE.timestamp() + 7 * 3600)
    hour, weekday = local % DAY / 4, local // DAY % 7
    depth, weekend = random.uniform(0.2, 0.7), random.uniform(0.4, 1.0)
    rates = np.exp(random.uniform(*np.log(family.lines)))
    rates = rates * (1 + depth * np.cos((hour - 14) * np.pi / 12)) * np.where(weekday < 5, 1.0, weekend)
    if family.jobs == "hourly":
        rates = rates * np.where(local % 4 == 0, random.uniform(2, 6), 1.0)
    if family.jobs == "nightly":
        rates = rates * np.where(local % DAY == 12, random.uniform(10, 40), 1.0)
    if family.pods:
        rates = rates * _running_pods(random, buckets)
    variation = random.uniform(*family.variation)
    rates = rates * _noise(random, buckets, variation, family.persistence)
    return Source(family, random.poisson(rates).astype(float), datetime.fromtimestamp(start, UTC))


def _noise(random: np.random.Generator, buckets: int, variation: float, persistence: float) -> Counts:
    """Return factors with mean 1, in part from bucket to bucket, in part lasting for about two hours."""
    lasting = np.empty(buckets)
    steps, kept = random.normal(size=buckets), np.exp(-1 / 8)
    level = steps[0]
    for bucket, step in enumerate(steps):
        level = kept * level + np.sqrt(1 - kept**2) * step
        lasting[bucket] = level
    spread = np.log1p(variation**2)
    normal = np.sqrt(persistence) * lasting + np.sqrt(1 - persistence) * random.normal(size=buckets)
    return np.exp(np.sqrt(spread) * normal - spread / 2)


def _running_pods(random: np.random.Generator, buckets: int) -> Counts:
    """Return the number of running pods, relative to 6: each lives for 2 to 12 hours."""
    running = np.zeros(buckets + DAY)
    for start in np.flatnonzero(random.random(buckets) < 6 / 28):
        running[start : start + random.integers(8, 48)] += 1
    return np.maximum(running[:buckets], 1) / 6


def sources(seed: int, weeks: int) -> list[Source]:
    numbered = enumerate(family for family in FAMILIES for _ in range(family.sources))
    return [simulate(family, seed * 1_000 + number, weeks) for number, family in numbered]


# Detectors: the score of every bucket of a week, from the same hours of the weeks before. Below 0: too few lines.

Score = Callable[[Counts, Counts], Counts]


def z_score(seen: Counts, past: Counts) -> Counts:
    return (seen - past.mean(axis=1, keepdims=True)) / np.maximum(past.std(axis=1, ddof=1, keepdims=True), 1e-9)


def mad(seen: Counts, past: Counts) -> Counts:
    middle = np.median(past, axis=1, keepdims=True)
    return (seen - middle) / np.maximum(1.4826 * np.median(np.abs(past - middle), axis=1, keepdims=True), 1e-9)


def iqr(seen: Counts, past: Counts) -> Counts:
    low, high = np.quantile(past, [0.25, 0.75], axis=1)[:, :, None]
    beyond = np.where(seen > high, seen - high, np.where(seen < low, seen - low, 0))
    return beyond / np.maximum(high - low, 1e-9)


def poisson(seen: Counts, past: Counts) -> Counts:
    mean = np.maximum(past.mean(axis=1, keepdims=True), 1e-3)
    return _signed_root(seen - mean, _times_log(seen, mean) - (seen - mean))


def negative_binomial(seen: Counts, past: Counts) -> Counts:
    mean = np.maximum(past.mean(axis=1, keepdims=True), 1e-3)
    excess = np.maximum(past.var(axis=1, ddof=1, keepdims=True) - mean, mean**2 * 1e-6)
    size = mean**2 / excess
    return _signed_root(seen - mean, _times_log(seen, mean) - _times_log(seen + size, mean + size))


def _times_log(seen: Counts, expected: Counts) -> Counts:
    return seen * np.log(np.maximum(seen, 1e-12) / expected)


def _signed_root(difference: Counts, half_deviance: Counts) -> Counts:
    """Return the signed root of the deviance: normal scores of the tail probability."""
    return np.sign(difference) * np.sqrt(np.maximum(2 * half_deviance, 0))


OTHERS: Mapping[str, tuple[Score, float]] = {
    "z-score": (z_score, 3.0),
    "MAD": (mad, 3.5),
    "IQR": (iqr, 1.5),
    "Poisson": (poisson, 3.58),
    "negative binomial": (negative_binomial, 3.58),
}
"""With their usual limits; 3.58 is a tail of 0.00017, as in the published validation."""


def scored(score: Score, counts: Counts, first: int, last: int) -> Counts:
    """Return the scores of buckets, each from the same hour of the 5 weeks before its week."""
    parts = []
    for week in range(first // WEEK, -(-last // WEEK)):
        past = counts[(week - 5) * WEEK : week * WEEK].reshape(5, 168, 4).transpose(1, 0, 2).reshape(168, 20)
        seen = counts[week * WEEK : (week + 1) * WEEK]
        padded = np.pad(seen, (0, WEEK - len(seen))).reshape(168, 4)
        parts.append(score(padded, past).reshape(-1))
    return np.concatenate(parts)[first % WEEK :][: last - first]


def gated(values: Counts) -> Counts:
    """Return the value that 3 of the last 4 buckets reach."""
    padded = np.concatenate([np.full(3, -np.inf), values])
    return np.sort(np.lib.stride_tricks.sliding_window_view(padded, 4), axis=1)[:, 1]


def alarms(is_alarm: npt.NDArray[np.bool_]) -> int:
    """Return the number of alarms. Buckets that are at most an hour apart belong together, for at most 12 hours."""
    buckets = np.flatnonzero(is_alarm)
    runs = np.split(buckets, np.flatnonzero(np.diff(buckets) > 4) + 1)
    return sum(-(-(int(run[-1]) - int(run[0]) + 1) // INCIDENT) for run in runs if len(run))


@dataclass(frozen=True)
class Incident:
    """A source with a drop in its last day."""

    source: Source
    share: float
    first: int
    counts: Counts

    @property
    def last(self) -> int:
        return self.first + INCIDENT


def incidents(source: Source, seed: int, each: int = 3) -> Iterator[Incident]:
    """Yield drops of all sizes at random times after the history. Lines are lost at random."""
    random = np.random.default_rng(seed)
    for share in DROPS:
        for first in random.integers(HISTORY + DAY, len(source.counts) - DAY, each):
            counts = source.counts.copy()
            hit = slice(first, first + INCIDENT)
            counts[hit] = random.binomial(counts[hit].astype(int), 1 - share)
            yield Incident(source, share, int(first), counts)


def ours(source: Source, last: int, counts: Counts | None = None) -> list[State]:
    """Return the states of the day before `last`."""
    series = source.series(last, counts)
    return [bucket.state for bucket in judge(series, Declared(), series.end, source.family.zone).buckets]


def false_alarms(source: Source) -> int:
    states = [state for last in range(HISTORY + DAY, len(source.counts) + 1, DAY) for state in ours(source, last)]
    return alarms(np.isin(states, FAULTS))


def found_after(incident: Incident) -> int | None:
    """Return how many buckets after its begin an incident is found."""
    states = ours(incident.source, incident.first + INCIDENT, incident.counts)[-INCIDENT:]
    return next((bucket + 1 for bucket, state in enumerate(states) if state in LOW), None)


@dataclass(frozen=True)
class Measured:
    """What a source showed: ours, and the scores of the other detectors."""

    family: str
    weeks: float
    false_alarms: int
    found: Mapping[float, Sequence[int | None]]
    calm_scores: Mapping[str, Counts]
    incident_scores: Mapping[float, Sequence[Mapping[str, Counts]]]
    """Scores of the 12 hours, and the 3 buckets before."""


def measure(source: Source, seed: int) -> Measured:
    made = list(incidents(source, seed))
    return Measured(
        source.family.name,
        (len(source.counts) - HISTORY) / WEEK,
        false_alarms(source),
        {share: [found_after(one) for one in made if one.share == share] for share in DROPS},
        {name: scored(score, source.counts, HISTORY, len(source.counts)) for name, (score, _) in OTHERS.items()},
        {
            share: [
                {name: scored(score, one.counts, one.first - 3, one.last) for name, (score, _) in OTHERS.items()}
                for one in made
                if one.share == share
            ]
            for share in DROPS
        },
    )


@dataclass(frozen=True)
class Row:
    """One detector with one limit."""

    detector: str
    limit: str
    false_alarms: float
    """A source and week."""
    power: Sequence[float]
    minutes: Sequence[float]
    """Median time until a drop is found."""

    @property
    def text(self) -> str:
        power = " | ".join(f"{value:.0%}".replace("%", " %") for value in self.power)
        minutes = " | ".join("-" if np.isnan(value) else f"{value:.0f}" for value in self.minutes)
        return f"| {self.detector} | {self.limit} | {self.false_alarms:.3f} | {power} | {minutes} |"


def our_row(measured: Sequence[Measured]) -> Row:
    found = [[after for source in measured for after in source.found[share]] for share in DROPS]
    rate = sum(source.false_alarms for source in measured) / sum(source.weeks for source in measured)
    return _row("**ours**", "default", rate, found)


def _row(name: str, limit: str, false_alarms_a_week: float, found: Sequence[Sequence[int | None]]) -> Row:
    hits = [[after for after in drops if after is not None] for drops in found]
    power = [len(hit) / len(drops) for hit, drops in zip(hits, found, strict=True)]
    return Row(name, limit, false_alarms_a_week, power, [float(np.median(hit)) * 15 if hit else np.nan for hit in hits])


def other_row(measured: Sequence[Measured], name: str, limit: float, is_gated: bool, text: str) -> Row:
    gate = gated if is_gated else _alone
    false = sum(
        alarms((gate(source.calm_scores[name]) >= limit) | (gate(-source.calm_scores[name]) >= limit))
        for source in measured
    )
    found = [
        [_first(gate(-scores[name])[3:] >= limit) for source in measured for scores in source.incident_scores[share]]
        for share in DROPS
    ]
    return _row(name, text, false / sum(source.weeks for source in measured), found)


def _alone(values: Counts) -> Counts:
    return values


def _first(is_alarm: npt.NDArray[np.bool_]) -> int | None:
    buckets = np.flatnonzero(is_alarm)
    return int(buckets[0]) + 1 if len(buckets) else None


def limit_of_power(measured: Sequence[Measured], name: str, is_gated: bool, power: float, share: float = 0.5) -> float:
    """Return the largest limit at which a detector finds this share of the incidents."""
    gate = gated if is_gated else _alone
    largest = sorted(
        (float(gate(-scores[name])[3:].max()) for source in measured for scores in source.incident_scores[share]),
        reverse=True,
    )
    needed = min(max(round(power * len(largest)), 1), len(largest))
    return largest[needed - 1]


def detectors_table(measured: Sequence[Measured]) -> list[str]:
    first = our_row(measured)
    rows = [first, *(other_row(measured, name, limit, False, "usual") for name, (_, limit) in OTHERS.items())]
    for is_gated, text in ((False, "equal power"), (True, "equal power, 3 of 4 buckets")):
        for name in OTHERS:
            limit = limit_of_power(measured, name, is_gated, first.power[1])
            rows.append(other_row(measured, name, limit, is_gated, text))
    drops = " | ".join(f"{share:.0%}".replace("%", " %") for share in DROPS)
    return [
        f"| detector | limit | false alarms a source and week | found: {drops} | minutes: {drops} |",
        "|" + "---|" * (3 + 2 * len(DROPS)),
        *(row.text for row in rows),
    ]


def equal_power_table(measured: Sequence[Measured]) -> list[str]:
    """Return, for each size of drop, ours beside the other detector with the fewest false alarms at our power."""
    first = our_row(measured)
    lines = [
        "| drop | found | false alarms a source and week: ours | the best other detector | which |",
        "|---|---|---|---|---|",
    ]
    for number, share in enumerate(DROPS):
        power = first.power[number]
        others = [
            other_row(measured, name, limit_of_power(measured, name, is_gated, power, share), is_gated, gate)
            for name in OTHERS
            for is_gated, gate in ((False, "each bucket"), (True, "3 of 4 buckets"))
        ]
        best = min(others, key=lambda row: row.false_alarms)
        figures = f"{power:.0%} | {first.false_alarms:.3f} | {best.false_alarms:.3f} | {best.detector}, {best.limit}"
        lines.append(f"| {share:.0%} | {figures} |".replace("%", " %"))
    return lines


def families_table(measured: Sequence[Measured]) -> list[str]:
    lines = [
        "| sources | false alarms a source and quarter | found: 20 % | 50 % | 90 % | 100 % |",
        "|---|---|---|---|---|---|",
    ]
    for family in FAMILIES:
        members = [source for source in measured if source.family == family.name]
        row = our_row(members)
        power = " | ".join(f"{value:.0%}".replace("%", " %") for value in row.power)
        lines.append(f"| {family.name} ({len(members)}) | {row.false_alarms * 13:.2f} | {power} |")
    return lines


def hours_of_alarm_after_shift(factor: float, seed: int) -> Mapping[str, float]:
    """Return how many hours of the week after a lasting shift a source is reported, asked every hour."""
    calm = simulate(FAMILIES[0], seed, 4)
    counts = calm.counts.copy()
    counts[HISTORY + WEEK :] = np.round(counts[HISTORY + WEEK :] * factor)
    source = Source(calm.family, counts, calm.start)
    after = HISTORY + WEEK
    asked = [source.series(last) for last in range(after + 4, after + WEEK + 1, 4)]
    hours = {"**ours**": sum(judge(series, Declared(), series.end).is_fault for series in asked)}
    for name, (score, limit) in OTHERS.items():
        hours[name] = (np.abs(scored(score, counts, after, after + WEEK)) >= limit)[3::4].sum()
    return {name: float(value) for name, value in hours.items()}


def shifts_table(seed: int) -> list[str]:
    results = {factor: hours_of_alarm_after_shift(factor, seed) for factor in (2.0, 4.0, 0.5)}
    lines = ["| detector | hours reported after x2 | x4 | x0.5 |", "|---|---|---|---|"]
    for name in results[2.0]:
        lines.append(f"| {name} | {' | '.join(f'{result[name]:.0f}' for result in results.values())} |")
    return lines


def seconds_for_100(simulated: Sequence[Source]) -> float:
    """Return the processor time to fit and judge 100 sources."""
    series = [source.series(HISTORY + DAY) for source in simulated]
    start = time.process_time()
    for number in range(100):
        one = series[number % len(series)]
        judge(one, Declared(), one.end)
    return time.process_time() - start


def _measured(numbered: tuple[int, Source], seed: int) -> Measured:
    number, source = numbered
    return measure(source, seed * 1_000 + number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--weeks", type=int, default=13, help="weeks without an incident")
    options = parser.parse_args()
    simulated = sources(options.seed, options.weeks)
    with ProcessPoolExecutor() as pool:
        measured = list(pool.map(partial(_measured, seed=options.seed), enumerate(simulated)))
    for table in (
        detectors_table(measured),
        equal_power_table(measured),
        families_table(measured),
        shifts_table(options.seed),
    ):
        print("\n".join(table), end="\n\n")
    print(f"100 sources, 5 weeks each, fitted and judged: {seconds_for_100(simulated):.1f} s of one processor")


if __name__ == "__main__":
    main()
