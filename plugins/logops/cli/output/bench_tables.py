"""Results of the benchmark as tables and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from logops.benchmark.compare import CaseComparison
from logops.benchmark.history.nights import DAY_NS, Night
from logops.benchmark.history.trend import Trend
from logops.benchmark.measure.cases import Case, range_text
from logops.benchmark.run import BenchmarkResult
from logops.benchmark.verdict import Verdict
from logops.cli.output.columns import Column
from logops.cli.output.sparkline import TimeAxis, sparkline
from logops.number_text import decimal_text, seconds_text, size_text

LATELY = timedelta(days=2)
"""A query that was not measured for longer is not measured any more."""


def history(
    nights: Mapping[Case, Sequence[Night]], trends: Mapping[Case, Trend], now: datetime, width: int | None
) -> tuple[list[Column], list[str]]:
    """Return one row per query, range and mode, and the style of each row. A row that was not measured in the last
    days shows its date.

    width   of the terminal; None: no limit
    """
    is_wide = width is None or width >= 110
    seconds = [[night.typical_s for night in nights[case]] for case in trends]
    is_old = [nights[case][-1].began < now - LATELY for case in trends]
    notes = [
        f"last measured on {nights[case][-1].began:%Y-%m-%d}: {_note(trend)}" if old else _note(trend)
        for (case, trend), old in zip(trends.items(), is_old, strict=True)
    ]
    columns = [
        *_case_columns([*trends]),
        Column("nights", [f"{len(series):,}" for series in seconds], 1, right=True),
        Column("last", [_seconds(series[-1]) for series in seconds], 6, right=True),
        Column("usual", [_seconds(trend.seconds.usual) for trend in trends.values()], 5, right=True),
        _bars_column([nights[case] for case in trends], now, is_wide),
        Column("change", notes, 4, wraps=True),
    ]
    styles = [
        "dim" if old else "red" if trend.regressed or trend.grew else ""
        for trend, old in zip(trends.values(), is_old, strict=True)
    ]
    return columns, styles


def _note(trend: Trend) -> str:
    grown = f"; reads {trend.bytes.step.ratio:.2f} times as much" if trend.bytes and trend.bytes.step else ""
    more = f": {trend.why_more}" if trend.why_more else ""
    return f"{trend.text()}{grown}{more}{f': {trend.why}' if trend.why else ''}"


def _case_columns(cases: Sequence[Case]) -> list[Column]:
    return [
        Column("query", [case.query for case in cases]),
        Column("range", [range_text(case.range_s) for case in cases]),
        Column("mode", [case.mode.value for case in cases]),
    ]


def _bars_column(rows: Sequence[Sequence[Night]], now: datetime, is_wide: bool) -> Column:
    """Return a column with one bar per day, and with the time of the highest bar if there is space."""
    days = 30 if is_wide else 7
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    axis = TimeAxis(int(first.timestamp()) * 10**9, DAY_NS, days)
    cells = []
    for nights in rows:
        points = [(night.started_ns, night.typical_s) for night in nights if night.started_ns >= axis.start_ns]
        highest = _seconds(max((seconds for _, seconds in points), default=None))
        cells.append(f"{sparkline(points, axis)} {highest}" if is_wide else sparkline(points, axis))
    return Column(f"last {days} days\n0 to row's max" if is_wide else f"{days} days\n0 to max", cells, 3)


def comparisons(compared: Sequence[CaseComparison]) -> list[Column]:
    """Return one row per query, range and mode."""
    figures = [_figures(comparison) for comparison in compared]
    priorities = {"before": 4, "after": 5, "ratio": 6, "95 % of ratios": 3, "p": 2}
    return [
        *_case_columns([comparison.case for comparison in compared]),
        *(
            Column(name, [row[number] for row in figures], priority, right=True)
            for number, (name, priority) in enumerate(priorities.items())
        ),
        Column(
            "verdict",
            [f"{comparison.verdict}{f': {comparison.why}' if comparison.why else ''}" for comparison in compared],
            7,
            wraps=True,
        ),
    ]


def _figures(comparison: CaseComparison) -> tuple[str, ...]:
    if comparison.ratio is None or comparison.p is None:
        return ("-", "-", "-", "-", "-")
    return (
        _seconds(comparison.before_s),
        _seconds(comparison.after_s),
        f"{comparison.ratio:.2f}",
        f"{comparison.low:.2f} to {comparison.high:.2f}",
        decimal_text(comparison.p),
    )


def comparison_data(comparison: CaseComparison) -> dict[str, Any]:
    """Return a comparison as JSON values. The keys `arm` and `word` are older than the names of the fields."""
    values = asdict(comparison)
    return {"arm": values.pop("case"), "word": values.pop("verdict"), **values}


def measured(verdicts: Sequence[Verdict]) -> list[Column]:
    """Return one row per query, range and mode."""
    return [
        *_case_columns([verdict.case for verdict in verdicts]),
        Column("answers", [f"{verdict.answered:,}" for verdict in verdicts], 2, right=True),
        Column("p50", [_seconds(verdict.p50) for verdict in verdicts], 5, right=True),
        Column("p95", [_seconds(verdict.p95) for verdict in verdicts], 6, right=True),
        Column(
            "read", ["-" if verdict.bytes is None else size_text(verdict.bytes) for verdict in verdicts], 4, right=True
        ),
        Column("verdict", [_verdict_text(verdict) for verdict in verdicts], 7, wraps=True),
    ]


def _verdict_text(verdict: Verdict) -> str:
    texts: tuple[str, ...] = (*verdict.missed_objectives, *verdict.failure_messages[:1])
    if not texts and verdict.note:
        texts = (verdict.note,)
    elif not texts and verdict.trend:
        texts = (verdict.trend.text(),)
    return "; ".join((*texts, *verdict.remarks))


def runs(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return one row per recorded run."""
    started = [datetime.fromtimestamp(row["started_ns"] / 1e9, UTC) for row in rows]
    return [
        Column("run", [row["run"] for row in rows]),
        Column("environment", [row["environment"] for row in rows]),
        Column("started, UTC", [f"{at:%Y-%m-%d %H:%M}" for at in started], 4),
        Column("queries", [f"{row['queries']:,}" for row in rows], 3, right=True),
        Column("answers", [f"{row['answers']:,}" for row in rows], 2, right=True),
        Column("configurations", [", ".join(digest[:12] for digest in row["configurations"]) for row in rows], 1),
    ]


def as_data(result: BenchmarkResult) -> dict[str, Any]:
    return {
        "queries": [
            {
                "query": verdict.case.query,
                "range_s": verdict.case.range_s,
                "mode": verdict.case.mode,
                "answers": verdict.answered,
                "p50_s": verdict.p50,
                "p95_s": verdict.p95,
                "bytes": verdict.bytes,
                "over": list(verdict.missed_objectives),
                "failed": list(verdict.failure_messages),
                "throttled": verdict.throttled,
                "not_asked": verdict.not_run,
                "note": verdict.note,
                "trend": asdict(verdict.trend) if verdict.trend else None,
                "why": verdict.why,
            }
            for verdict in result.verdicts
        ],
        "findings": [finding.to_dict() for finding in result.findings],
        "left_out": list(result.not_measurable),
    }


def _seconds(value: float | None) -> str:
    return "-" if value is None else seconds_text(value)
