"""Read the earlier runs from the results store: one row per run, query, range and mode."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from logops.benchmark.history.explain import Work, work_of
from logops.benchmark.history.step import BASELINE, NEWEST
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.percentile import percentile
from logops.benchmark.measure.sample import Ending, Sample, by_case
from logops.benchmark.measure.typical_time import typical_time
from logops.findings.kinds import QUERY_SAMPLES

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

MIN_ANSWERS = 5
"""With fewer answers, a run does not count."""
DAY_NS = 86_400 * 10**9
COMPARED_FIELDS = ("configuration", "text", "step_s", "concurrency", "cluster", "tenant")
"""Fields of a sample. Nights that differ in one of them are not compared."""
LOOK_BACK = timedelta(days=90)
MAX_NIGHTS = BASELINE + max(NEWEST)
"""Maximum of nights to read."""


@dataclass(frozen=True)
class Night:
    """A run's answers to one query, range and mode, if there were enough."""

    run: str
    started_ns: int
    setup: tuple[object, ...]
    """The values of COMPARED_FIELDS."""
    answers: int
    work: Work
    cluster: str
    typical_s: float
    """Typical time of an answer, in seconds; compared between nights."""
    p95_s: float
    """The time of 95 % of the answers, in seconds; compared with the objective."""

    @property
    def began(self) -> datetime:
        return datetime.fromtimestamp(self.started_ns / 1e9, UTC)


@dataclass(frozen=True)
class QueryHistory:
    """The nights that can be compared with the newest, oldest first, including the newest: one per day, UTC."""

    nights: tuple[Night, ...]
    elsewhere: int
    """Days on which it was only measured differently: not compared."""


ROWS = f"""
SELECT query, range_s, mode, run, configuration, text, coalesce(step_s, 0) AS step_s, concurrency, cluster, tenant,
    min(started_ns) AS started_ns, count(*) AS answers,
    median(seconds) AS seconds, median(exec_s) AS exec_s, median(queue_s) AS queue_s, median(bytes) AS bytes,
    median(lines) AS lines, median(chunks) AS chunks, median(coalesce(cached_chunks, 0)) AS cached_chunks,
    median(cached_results) AS cached_results, median(shards) AS shards, list(seconds) AS every
FROM (FROM "{QUERY_SAMPLES}" UNION ALL BY NAME SELECT 0 AS cached_chunks, 0 AS step_s WHERE false)
WHERE environment = $environment AND round > 0 AND ending = '{Ending.ANSWERED}'
GROUP BY ALL HAVING count(*) >= {MIN_ANSWERS} ORDER BY started_ns
"""


def read_nights(store: "ResultsStore", environment: str, until: datetime) -> dict[Case, list[Night]]:
    """Return the nights of the 90 days before `until`, oldest first. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    last = until.astimezone(UTC).date()
    try:
        table = store.query(QUERY_SAMPLES, ROWS, last - LOOK_BACK, last, {"environment": environment})
    except NothingStoredError:
        return {}
    nights: dict[Case, list[Night]] = {}
    for row in table.to_pylist():
        work = Work(*(float(row[name]) for name in Work.__match_args__))
        case = Case(row["query"], row["range_s"], Mode(row["mode"]))
        setup = tuple(row[name] for name in COMPARED_FIELDS)
        night = Night(
            row["run"],
            row["started_ns"],
            setup,
            row["answers"],
            work,
            row["cluster"],
            typical_time(row["every"]),
            percentile(sorted(row["every"]), 0.95),
        )
        nights.setdefault(case, []).append(night)
    return nights


def night_of(samples: Sequence[Sample]) -> Night | None:
    """Return the night of one run's samples; None if there are too few answers."""
    answered = [sample for sample in samples if sample.judged]
    if len(answered) < MIN_ANSWERS:
        return None
    first, seconds = answered[0], [sample.seconds for sample in answered]
    return Night(
        first.run,
        min(sample.started_ns for sample in answered),
        tuple(getattr(first, name) for name in COMPARED_FIELDS),
        len(answered),
        work_of(answered),
        first.cluster,
        typical_time(seconds),
        percentile(sorted(seconds), 0.95),
    )


def comparable_history(nights: Iterable[Night], newest: Night) -> QueryHistory:
    """Return the history of `newest`: for each earlier day, the comparable run with the most answers. So repeated runs
    on one day do not become a history."""
    earlier = [night for night in nights if _day(night) < _day(newest)]
    best: dict[int, Night] = {}
    for night in earlier:
        day = _day(night)
        if night.setup == newest.setup and (day not in best or night.answers >= best[day].answers):
            best[day] = night
    like = [best[day] for day in sorted(best)]
    return QueryHistory((*like[-(MAX_NIGHTS - 1) :], newest), len({*map(_day, earlier)} - {*best}))


def _day(night: Night) -> int:
    return night.started_ns // DAY_NS


def histories_of(samples: Iterable[Sample], nights: Mapping[Case, Sequence[Night]]) -> dict[Case, QueryHistory]:
    """Return the history of everything in a run with enough answers."""
    newest = {
        case: night for case, case_samples in by_case(samples).items() if (night := night_of(case_samples)) is not None
    }
    return {case: comparable_history(nights.get(case, ()), night) for case, night in newest.items()}


def median_work(nights: Sequence[Night]) -> Work:
    """Return the median of several nights."""
    return Work(*(median(getattr(night.work, name) for night in nights) for name in Work.__match_args__))
