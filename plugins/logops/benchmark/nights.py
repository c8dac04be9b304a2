"""What earlier runs measured: one line a run and arm, read from the results store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from logops.benchmark.change import BASELINE, NEWEST
from logops.benchmark.level import level
from logops.benchmark.sample import SAMPLES, Ending, Sample
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.why import Work, work_of

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

FEWEST = 5
"""Answers, below which a run says nothing of an arm."""
LOOK_BACK = timedelta(days=90)
MOST = BASELINE + max(NEWEST)
"""Nights that are looked at."""


@dataclass(frozen=True)
class Night:
    """One run's answers to one arm, of which there were enough."""

    run: str
    started_ns: int
    measured: tuple[str, str, int]
    """Under which configuration, which text, how many at a time: nights that differ in it are not compared."""
    answers: int
    work: Work
    cluster: str
    level: float
    """Seconds: what is compared from night to night."""


@dataclass(frozen=True)
class Past:
    """An arm's nights that can be compared with its newest, oldest first, the newest last."""

    nights: tuple[Night, ...]
    elsewhere: int
    """Nights that were measured otherwise: not compared."""


ROWS = f"""
SELECT query, range_s, mode, run, configuration, text, concurrency, min(started_ns) AS started_ns, count(*) AS answers,
    median(seconds) AS seconds, median(exec_s) AS exec_s, median(queue_s) AS queue_s, median(bytes) AS bytes,
    median(lines) AS lines, median(chunks) AS chunks, median(coalesce(cached_chunks, 0)) AS cached_chunks,
    median(cached_results) AS cached_results, median(shards) AS shards, any_value(cluster) AS cluster,
    list(seconds) AS every
FROM (FROM "{SAMPLES}" UNION ALL BY NAME SELECT 0 AS cached_chunks WHERE false)
WHERE environment = $environment AND round > 0 AND ending = '{Ending.ANSWERED}'
GROUP BY ALL HAVING count(*) >= {FEWEST} ORDER BY started_ns
"""


def read_nights(store: "ResultsStore", environment: str, until: datetime) -> dict[Arm, list[Night]]:
    """Of every arm, oldest first, the 90 days before `until`. Raises StoreUnreachable."""
    from logops.findings.store import NothingStored

    last = until.astimezone(UTC).date()
    try:
        table = store.query(SAMPLES, ROWS, last - LOOK_BACK, last, {"environment": environment})
    except NothingStored:
        return {}
    found: dict[Arm, list[Night]] = {}
    for row in table.to_pylist():
        work = Work(*(float(row[name]) for name in Work.__match_args__))
        arm = Arm(row["query"], row["range_s"], Mode(row["mode"]))
        measured = (row["configuration"], row["text"], row["concurrency"])
        own = level(row["every"])
        night = Night(row["run"], row["started_ns"], measured, row["answers"], work, row["cluster"], own)
        found.setdefault(arm, []).append(night)
    return found


def night_of(samples: Sequence[Sample]) -> Night | None:
    """Of one run's samples of one arm; None where too few were answered."""
    answered = [one for one in samples if one.judged]
    if len(answered) < FEWEST:
        return None
    first = answered[0]
    return Night(
        first.run,
        min(one.started_ns for one in answered),
        (first.configuration, first.text, first.concurrency),
        len(answered),
        work_of(answered),
        first.cluster,
        level([one.seconds for one in answered]),
    )


def past(nights: Iterable[Night], newest: Night) -> Past:
    """What may stand before `newest`: the same configuration and text, and not the same run, repeated."""
    others = [one for one in nights if one.run != newest.run and one.started_ns < newest.started_ns]
    like = [one for one in others if one.measured == newest.measured]
    return Past((*like[-(MOST - 1) :], newest), len(others) - len(like))


def by_arm(samples: Iterable[Sample]) -> dict[Arm, list[Sample]]:
    found: dict[Arm, list[Sample]] = {}
    for one in samples:
        found.setdefault(Arm(one.query, one.range_s, Mode(one.mode)), []).append(one)
    return found


def pasts_of(samples: Iterable[Sample], nights: Mapping[Arm, Sequence[Night]]) -> dict[Arm, Past]:
    """Of every arm of a run that has enough answers: its night, and those before."""
    newest = {arm: night for arm, own in by_arm(samples).items() if (night := night_of(own)) is not None}
    return {arm: past(nights.get(arm, ()), night) for arm, night in newest.items()}


def usual_work(nights: Sequence[Night]) -> Work:
    """The median of several nights."""
    return Work(*(median(getattr(one.work, name) for one in nights) for name in Work.__match_args__))
