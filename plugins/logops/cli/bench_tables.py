"""Results of the benchmark as tables and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from rich.filesize import decimal
from rich.table import Table

from logops.benchmark.compare import CaseComparison
from logops.benchmark.history.nights import DAY_NS, Night
from logops.benchmark.history.trend import Trend
from logops.benchmark.measure.cases import Case, range_text
from logops.benchmark.run import BenchmarkResult
from logops.benchmark.verdict import Verdict
from logops.cli.sparkline import TimeAxis, sparkline

LATELY = timedelta(days=2)
"""A query that was not measured for longer is not measured any more."""
_NARROW = (0, 1, 0, 0)


def history(nights: Mapping[Case, Sequence[Night]], trends: Mapping[Case, Trend], now: datetime, width: int) -> Table:
    """Return one row per query, range and mode. A row that was not measured in the last days shows its date.

    width   of the terminal, in columns
    """
    table = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    # The other columns need 80, including a short note.
    days = 30 if width >= 110 else 7
    axis = _days_axis(days, now)
    for column in ("query", "range", "mode"):
        table.add_column(column, no_wrap=True)
    for column in ("nights", "last", "usual"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column(f"last {days} days\n0 to row's max", no_wrap=True)
    table.add_column("")
    for case, trend in trends.items():
        seconds = [night.typical_s for night in nights[case]]
        grown = f"; reads {trend.bytes.step.ratio:.2f} times as much" if trend.bytes and trend.bytes.step else ""
        grown += f": {trend.why_more}" if trend.why_more else ""
        began = nights[case][-1].began
        last = f"last measured on {began:%Y-%m-%d}: " if began < now - LATELY else ""
        table.add_row(
            case.query,
            range_text(case.range_s),
            case.mode,
            str(len(seconds)),
            _seconds(seconds[-1]),
            _seconds(trend.seconds.usual),
            _bars(nights[case], axis),
            f"{last}{trend.text()}{grown}{f': {trend.why}' if trend.why else ''}",
            style="dim" if last else "red" if trend.regressed or trend.grew else None,
        )
    return table


def _days_axis(days: int, now: datetime) -> TimeAxis:
    """Return the axis of the last days, UTC, which ends with today."""
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    return TimeAxis(int(first.timestamp()) * 10**9, DAY_NS, days)


def _bars(nights: Sequence[Night], axis: TimeAxis) -> str:
    """Return a bar per day, and the time of the highest bar. A day without a run is a gap."""
    points = [(night.started_ns, night.typical_s) for night in nights if night.started_ns >= axis.start_ns]
    return f"{sparkline(points, axis)} {_seconds(max((seconds for _, seconds in points), default=None))}"


def comparisons(compared: list[CaseComparison]) -> Table:
    table = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    for column in ("query", "range", "mode"):
        table.add_column(column, no_wrap=True)
    for column in ("before", "after", "ratio", "95 % of ratios", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for comparison in compared:
        figures = ("-", "-", "-", "-", "-")
        if comparison.ratio is not None and comparison.p is not None:
            figures = (
                _seconds(comparison.before_s), _seconds(comparison.after_s), f"{comparison.ratio:.2f}",
                f"{comparison.low:.2f} to {comparison.high:.2f}", f"{comparison.p:.2g}",
            )  # fmt: skip
        verdict = f"{comparison.verdict}: {comparison.why}" if comparison.why else str(comparison.verdict)
        table.add_row(
            comparison.case.query, range_text(comparison.case.range_s), comparison.case.mode, *figures, verdict
        )
    return table


def comparison_data(comparison: CaseComparison) -> dict[str, Any]:
    """Return a comparison as JSON values. The keys `arm` and `word` are older than the names of the fields."""
    values = asdict(comparison)
    return {"arm": values.pop("case"), "word": values.pop("verdict"), **values}


def table(verdicts: tuple[Verdict, ...]) -> Table:
    """Return one row per query, range and mode."""
    rows = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    for column in ("query", "range", "mode"):
        rows.add_column(column, no_wrap=True)
    for column in ("answers", "p50", "p95", "read"):
        rows.add_column(column, justify="right", no_wrap=True)
    rows.add_column("")
    for verdict in verdicts:
        verdict_texts: tuple[str, ...] = (*verdict.missed_objectives, *verdict.failure_messages[:1])
        if not verdict_texts and verdict.note:
            verdict_texts = (verdict.note,)
        elif not verdict_texts and verdict.trend:
            verdict_texts = (verdict.trend.text(),)
        rows.add_row(
            verdict.case.query,
            range_text(verdict.case.range_s),
            verdict.case.mode,
            str(verdict.answered),
            _seconds(verdict.p50),
            _seconds(verdict.p95),
            "-" if verdict.bytes is None else decimal(verdict.bytes),
            "; ".join((*verdict_texts, *verdict.remarks)),
        )
    return rows


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
    return "-" if value is None else f"{value * 1000:.0f} ms"
