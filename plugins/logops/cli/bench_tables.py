"""Results of the benchmark as tables and as JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.filesize import decimal
from rich.table import Table

from logops.benchmark.compare import Comparison
from logops.benchmark.judge import Verdict
from logops.benchmark.nights import Night
from logops.benchmark.run import Outcome
from logops.benchmark.shots import Arm, short
from logops.benchmark.trend import Trend

_NARROW = (0, 1, 0, 0)


def history(nights: Mapping[Arm, Sequence[Night]], trends: Mapping[Arm, Trend], lately: datetime, width: int) -> Table:
    """Return one row per query, range and mode. A row that was not measured since `lately` shows its date.

    width   of the terminal, in columns
    """
    table = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    # The other columns need 80, including a short note.
    most = 30 if width >= 110 else 7
    for column in ("query", "range", "mode"):
        table.add_column(column, no_wrap=True)
    for column in ("nights", "last", "usual"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column(f"last {most}", no_wrap=True)
    table.add_column("")
    for arm, trend in trends.items():
        seconds = [night.level for night in nights[arm]]
        grown = f"; reads {trend.bytes.step.ratio:.2f} times as much" if trend.bytes and trend.bytes.step else ""
        grown += f": {trend.why_more}" if trend.why_more else ""
        began = nights[arm][-1].began
        last = f"last measured on {began:%Y-%m-%d}: " if began < lately else ""
        table.add_row(
            arm.query,
            short(arm.range_s),
            arm.mode,
            str(len(seconds)),
            _seconds(seconds[-1]),
            _seconds(trend.seconds.usual),
            bars(seconds[-most:]),
            f"{last}{trend.told()}{grown}{f': {trend.why}' if trend.why else ''}",
            style="dim" if last else "red" if trend.regressed or trend.grew else None,
        )
    return table


def bars(values: Sequence[float]) -> str:
    """
    >>> bars([1, 2, 4])
    '▂▄█'
    """
    most = max(values)
    return "".join("▁▂▃▄▅▆▇█"[max(0, math.ceil(value / most * 8) - 1)] for value in values)


def comparisons(compared: list[Comparison]) -> Table:
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
        verdict = f"{comparison.word}: {comparison.why}" if comparison.why else str(comparison.word)
        table.add_row(comparison.arm.query, short(comparison.arm.range_s), comparison.arm.mode, *figures, verdict)
    return table


def table(verdicts: tuple[Verdict, ...]) -> Table:
    """Return one row per query, range and mode."""
    rows = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    for column in ("query", "range", "mode"):
        rows.add_column(column, no_wrap=True)
    for column in ("answers", "p50", "p95", "read"):
        rows.add_column(column, justify="right", no_wrap=True)
    rows.add_column("")
    for verdict in verdicts:
        missed = (*verdict.over, *verdict.failed[:1]) or ((verdict.note,) if verdict.note else ())
        verdict_text = "; ".join((*(missed or ((verdict.trend.told(),) if verdict.trend else ())), *verdict.aside))
        rows.add_row(
            verdict.arm.query,
            short(verdict.arm.range_s),
            verdict.arm.mode,
            str(verdict.answered),
            _seconds(verdict.p50),
            _seconds(verdict.p95),
            "-" if verdict.bytes is None else decimal(verdict.bytes),
            verdict_text,
        )
    return rows


def as_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "queries": [
            {
                "query": verdict.arm.query,
                "range_s": verdict.arm.range_s,
                "mode": verdict.arm.mode,
                "answers": verdict.answered,
                "p50_s": verdict.p50,
                "p95_s": verdict.p95,
                "bytes": verdict.bytes,
                "over": list(verdict.over),
                "failed": list(verdict.failed),
                "throttled": verdict.throttled,
                "not_asked": verdict.not_asked,
                "note": verdict.note,
                "trend": asdict(verdict.trend) if verdict.trend else None,
                "why": verdict.why,
            }
            for verdict in outcome.verdicts
        ],
        "findings": [finding.to_dict() for finding in outcome.findings],
        "left_out": list(outcome.left_out),
    }


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value * 1000:.0f} ms"
