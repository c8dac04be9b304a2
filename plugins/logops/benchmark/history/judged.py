"""The nights of the library as they were judged, for those who look at them later: the page.

Judging 90 nights again takes many seconds. So each run stores its verdicts (kind `query-nights`), which are never
changed afterwards: a verdict is about the nights before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from logops.benchmark.history.nights import LOOK_BACK, Night
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.verdict import Verdict, has_objective
from logops.findings.kinds import QUERY_NIGHTS
from logops.queries.model import LibraryQuery

if TYPE_CHECKING:
    import pyarrow as pa

    from logops.findings.store import ResultsStore


@dataclass(frozen=True, slots=True)
class JudgedNight:
    """A run's answers to one query, range and mode, with the verdict of that night. Seconds."""

    began: datetime
    setup: str
    """Nights with different setups are not compared."""
    typical_s: float | None
    """None: too few answers."""
    p95_s: float | None
    objective_s: float | None
    """The promised p95 of warm answers; None: nothing is promised for this range or mode."""
    slower_since: datetime | None
    faster_since: datetime | None


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """The nights of one query, range and mode, and the whole verdict on the newest."""

    case: Case
    nights: Sequence[JudgedNight]
    """Oldest first: the last run of each day."""
    cluster: str
    usual_s: float | None
    ratio: float | None
    """How many times as long as usual it takes; None: it is not slower."""
    text: str
    """The comparison with earlier nights in a few words."""
    missed: tuple[str, ...]
    failures: tuple[str, ...]
    why: str


def nights_table(
    environment: str,
    run: str,
    as_of: datetime,
    verdicts: Sequence[Verdict],
    nights: Mapping[Case, Night],
    library: Mapping[str, LibraryQuery],
) -> "pa.Table":
    """Return one row per verdict of a run.

    nights   the run itself, where there were enough answers
    """
    import pyarrow as pa

    text, number, moment, texts = pa.string(), pa.float64(), pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
    types: dict[str, pa.DataType] = {
        **dict.fromkeys(("environment", "run", "query", "mode", "cluster", "setup", "text", "why"), text),
        **dict.fromkeys(("as_of", "began", "slower_since", "faster_since"), moment),
        **dict.fromkeys(("typical_s", "p95_s", "objective_s", "usual_s", "ratio"), number),
        **dict.fromkeys(("missed", "failures"), texts),
        "range_s": pa.int64(),
    }
    base = {"environment": environment, "run": run, "as_of": as_of}
    rows = [
        {**base, **_row(verdict, nights.get(verdict.case), library[verdict.case.query], as_of)} for verdict in verdicts
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(types))


def _row(verdict: Verdict, night: Night | None, query: LibraryQuery, as_of: datetime) -> dict[str, Any]:
    case, trend = verdict.case, verdict.trend
    is_promised = case.mode is Mode.WARM and has_objective(query, case.range_s)
    return {
        "query": case.query,
        "range_s": case.range_s,
        "mode": str(case.mode),
        "cluster": verdict.cluster,
        "began": night.began if night else as_of,
        "setup": sha256(repr(night.setup).encode()).hexdigest()[:16] if night else "",
        "typical_s": night.typical_s if night else None,
        "p95_s": night.p95_s if night else None,
        "objective_s": query.objective.p95.value / 1000 if is_promised else None,
        "usual_s": trend.seconds.usual if trend else None,
        "ratio": trend.seconds.step.ratio if trend and trend.seconds.step else None,
        "text": trend.text() if trend else verdict.note,
        "missed": list(verdict.missed_objectives),
        "failures": list(verdict.failure_messages),
        "why": verdict.why,
        "slower_since": trend.slower_since if trend else None,
        "faster_since": trend.faster_since if trend else None,
    }


_SQL = f"""
WITH daily AS (
    SELECT * FROM "{QUERY_NIGHTS}" WHERE environment = $environment AND as_of <= $now
    QUALIFY row_number() OVER (PARTITION BY query, range_s, mode, day ORDER BY as_of DESC, run) = 1
)
SELECT query, range_s, mode,
    arg_max({{'cluster': cluster, 'usual_s': usual_s, 'ratio': ratio, 'text': text, 'missed': missed,
        'failures': failures, 'why': why}}, as_of) AS newest,
    list({{'began': epoch_us(began), 'setup': setup, 'typical_s': typical_s, 'p95_s': p95_s,
        'objective_s': objective_s, 'slower_since': epoch_us(slower_since), 'faster_since': epoch_us(faster_since)}}
        ORDER BY as_of) AS nights
FROM daily GROUP BY query, range_s, mode ORDER BY query, range_s, mode DESC
"""


def read_judged(
    store: "ResultsStore", environment: str, now: datetime, look_back: timedelta = LOOK_BACK
) -> list[JudgedCase]:
    """Return every query, range and mode that was measured in the days before `now`. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    last = now.astimezone(UTC).date()
    parameters = {"environment": environment, "now": now}
    try:
        rows = store.query(QUERY_NIGHTS, _SQL, last - look_back, last, parameters).to_pylist()
    except NothingStoredError:
        return []
    return [_case(row) for row in rows]


def _case(row: Mapping[str, Any]) -> JudgedCase:
    newest = row["newest"]
    return JudgedCase(
        case=Case(row["query"], row["range_s"], Mode(row["mode"])),
        nights=[_night(night) for night in row["nights"]],
        **{**newest, "missed": tuple(newest["missed"]), "failures": tuple(newest["failures"])},
    )


def _night(row: Mapping[str, Any]) -> JudgedNight:
    moments = {name: _moment(row[name]) for name in ("slower_since", "faster_since")}
    return JudgedNight(**{**row, **moments, "began": datetime.fromtimestamp(row["began"] / 1e6, UTC)})


def _moment(us: int | None) -> datetime | None:
    return None if us is None else datetime.fromtimestamp(us / 1e6, UTC)
