"""What earlier runs measured: one line a run and arm, read from the results store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from logops.benchmark.change import BASELINE, NEWEST
from logops.benchmark.level import level
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.why import Work, work_of
from logops.findings.kinds import QUERY_SAMPLES

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

FEWEST = 5
"""Answers, below which a run says nothing of an arm."""
DAY_NS = 86_400 * 10**9
MEASURED = ("configuration", "text", "step_s", "concurrency", "cluster", "tenant")
"""Of a sample: nights that differ in one of them are not compared."""
LOOK_BACK = timedelta(days=90)
MOST = BASELINE + max(NEWEST)
"""Nights that are looked at."""


@dataclass(frozen=True)
class Night:
    """One run's answers to one arm, of which there were enough."""

    run: str
    started_ns: int
    measured: tuple[object, ...]
    """By MEASURED."""
    answers: int
    work: Work
    cluster: str
    level: float
    """Seconds: what is compared from night to night."""

    @property
    def began(self) -> datetime:
        return datetime.fromtimestamp(self.started_ns / 1e9, UTC)


@dataclass(frozen=True)
class Past:
    """An arm's nights that can be compared with its newest, oldest first, the newest last: one of each day, UTC."""

    nights: tuple[Night, ...]
    elsewhere: int
    """Days on which it was measured otherwise only: not compared."""


ROWS = f"""
SELECT query, range_s, mode, run, configuration, text, coalesce(step_s, 0) AS step_s, concurrency, cluster, tenant,
    min(started_ns) AS started_ns, count(*) AS answers,
    median(seconds) AS seconds, median(exec_s) AS exec_s, median(queue_s) AS queue_s, median(bytes) AS bytes,
    median(lines) AS lines, median(chunks) AS chunks, median(coalesce(cached_chunks, 0)) AS cached_chunks,
    median(cached_results) AS cached_results, median(shards) AS shards, list(seconds) AS every
FROM (FROM "{QUERY_SAMPLES}" UNION ALL BY NAME SELECT 0 AS cached_chunks, 0 AS step_s WHERE false)
WHERE environment = $environment AND round > 0 AND ending = '{Ending.ANSWERED}'
GROUP BY ALL HAVING count(*) >= {FEWEST} ORDER BY started_ns
"""


def read_nights(store: "ResultsStore", environment: str, until: datetime) -> dict[Arm, list[Night]]:
    """Of every arm, oldest first, the 90 days before `until`. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    last = until.astimezone(UTC).date()
    try:
        table = store.query(QUERY_SAMPLES, ROWS, last - LOOK_BACK, last, {"environment": environment})
    except NothingStoredError:
        return {}
    found: dict[Arm, list[Night]] = {}
    for row in table.to_pylist():
        work = Work(*(float(row[name]) for name in Work.__match_args__))
        arm = Arm(row["query"], row["range_s"], Mode(row["mode"]))
        measured = tuple(row[name] for name in MEASURED)
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
        tuple(getattr(first, name) for name in MEASURED),
        len(answered),
        work_of(answered),
        first.cluster,
        level([one.seconds for one in answered]),
    )


def past(nights: Iterable[Night], newest: Night) -> Past:
    """What may stand before `newest`: of each earlier day one run that measured the same, the one with most answers. So
    whoever asks again and again on one day makes no history of it."""
    earlier = [one for one in nights if _day(one) < _day(newest)]
    best: dict[int, Night] = {}
    for one in earlier:
        if one.measured == newest.measured and (_day(one) not in best or one.answers >= best[_day(one)].answers):
            best[_day(one)] = one
    like = [best[day] for day in sorted(best)]
    return Past((*like[-(MOST - 1) :], newest), len({*map(_day, earlier)} - {*best}))


def _day(night: Night) -> int:
    return night.started_ns // DAY_NS


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
