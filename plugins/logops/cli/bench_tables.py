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
    found = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    # The other columns need 80, including a short note.
    most = 30 if width >= 110 else 7
    for column in ("query", "range", "mode"):
        found.add_column(column, no_wrap=True)
    for column in ("nights", "last", "usual"):
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column(f"last {most}", no_wrap=True)
    found.add_column("")
    for arm, one in trends.items():
        seconds = [night.level for night in nights[arm]]
        grown = f"; reads {one.bytes.step.ratio:.2f} times as much" if one.bytes and one.bytes.step else ""
        grown += f": {one.why_more}" if one.why_more else ""
        began = nights[arm][-1].began
        last = f"last measured on {began:%Y-%m-%d}: " if began < lately else ""
        found.add_row(
            arm.query,
            short(arm.range_s),
            arm.mode,
            str(len(seconds)),
            _seconds(seconds[-1]),
            _seconds(one.seconds.usual),
            bars(seconds[-most:]),
            f"{last}{one.told()}{grown}{f': {one.why}' if one.why else ''}",
            style="dim" if last else "red" if one.regressed or one.grew else None,
        )
    return found


def bars(values: Sequence[float]) -> str:
    """
    >>> bars([1, 2, 4])
    '▂▄█'
    """
    most = max(values)
    return "".join("▁▂▃▄▅▆▇█"[max(0, math.ceil(value / most * 8) - 1)] for value in values)


def comparisons(compared: list[Comparison]) -> Table:
    found = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    for column in ("query", "range", "mode"):
        found.add_column(column, no_wrap=True)
    for column in ("before", "after", "ratio", "95 % of ratios", "p"):
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column("")
    for one in compared:
        figures = ("-", "-", "-", "-", "-")
        if one.ratio is not None and one.p is not None:
            figures = (
                _seconds(one.before_s), _seconds(one.after_s), f"{one.ratio:.2f}", f"{one.low:.2f} to {one.high:.2f}",
                f"{one.p:.2g}",
            )  # fmt: skip
        told = f"{one.word}: {one.why}" if one.why else str(one.word)
        found.add_row(one.arm.query, short(one.arm.range_s), one.arm.mode, *figures, told)
    return found


def table(verdicts: tuple[Verdict, ...]) -> Table:
    """Return one row per query, range and mode."""
    found = Table(box=None, pad_edge=False, padding=_NARROW, header_style="bold")
    for column in ("query", "range", "mode"):
        found.add_column(column, no_wrap=True)
    for column in ("answers", "p50", "p95", "read"):
        found.add_column(column, justify="right", no_wrap=True)
    found.add_column("")
    for one in verdicts:
        missed = (*one.over, *one.failed[:1]) or ((one.note,) if one.note else ())
        told = "; ".join((*(missed or ((one.trend.told(),) if one.trend else ())), *one.aside))
        found.add_row(
            one.arm.query,
            short(one.arm.range_s),
            one.arm.mode,
            str(one.answered),
            _seconds(one.p50),
            _seconds(one.p95),
            "-" if one.bytes is None else decimal(one.bytes),
            told,
        )
    return found


def as_data(outcome: Outcome) -> dict[str, Any]:
    return {
        "queries": [
            {
                "query": one.arm.query,
                "range_s": one.arm.range_s,
                "mode": one.arm.mode,
                "answers": one.answered,
                "p50_s": one.p50,
                "p95_s": one.p95,
                "bytes": one.bytes,
                "over": list(one.over),
                "failed": list(one.failed),
                "throttled": one.throttled,
                "not_asked": one.not_asked,
                "note": one.note,
                "trend": asdict(one.trend) if one.trend else None,
                "why": one.why,
            }
            for one in outcome.verdicts
        ],
        "findings": [finding.to_dict() for finding in outcome.findings],
        "left_out": list(outcome.left_out),
    }


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value * 1000:.0f} ms"
