"""A short result of a benchmark, one row per query, for `make up` and Airflow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from logops.benchmark.judge import Verdict, has_objective
from logops.benchmark.shots import Mode, short
from logops.findings import Finding
from logops.queries.model import LibraryQuery

COLUMNS = ("query", "range", "95 of 100 within", "promised", "past the cache", "read", "promised", "")
MOST_FINDINGS = 20


def summary(
    verdicts: Sequence[Verdict], findings: Sequence[Finding], library: Mapping[str, LibraryQuery]
) -> dict[str, Any]:
    """Return `{headline, findings, queries}`, small enough for an XCom, as JSON values without tuples."""
    queries = len({verdict.arm.query for verdict in verdicts})
    answers = sum(verdict.answered for verdict in verdicts)
    messages = [
        f"{finding.cls.name} {finding.subject.query or finding.subject.cluster}: {finding.message}"
        for finding in findings
    ]
    left = len(messages) - MOST_FINDINGS
    count = f"{len(findings) or 'no'} finding{'s' * (len(findings) != 1)}"
    apart = f"; {len(library) - queries} are of clusters or tenants that are not here" * (len(library) > queries)
    return {
        "headline": f"{queries} {'query' if queries == 1 else 'queries'}, {answers} answers: {count}{apart}",
        "findings": [*messages[:MOST_FINDINGS], *([f"and {left} more"] if left > 0 else [])],
        "queries": [list(COLUMNS), *map(list, rows(verdicts, library))],
    }


def rows(verdicts: Iterable[Verdict], library: Mapping[str, LibraryQuery]) -> list[tuple[str, ...]]:
    """Return one row per query and range, with both modes side by side."""
    by_query: dict[tuple[str, int], dict[Mode, Verdict]] = {}
    for verdict in verdicts:
        by_query.setdefault((verdict.arm.query, verdict.arm.range_s), {})[verdict.arm.mode] = verdict
    return [
        (
            query,
            short(range_s),
            _seconds(modes[Mode.WARM].p95 if Mode.WARM in modes else None),
            str(library[query].objective.p95) if has_objective(library[query], range_s) else "-",
            _seconds(modes[Mode.COLD].p50 if Mode.COLD in modes else None),
            _megabytes(max((mode.bytes or 0 for mode in modes.values()), default=0)),
            str(library[query].objective.bytes) if has_objective(library[query], range_s) else "-",
            "; ".join(dict.fromkeys(text for mode in modes.values() for text in _told(mode))),
        )
        for (query, range_s), modes in by_query.items()
    ]


def _told(verdict: Verdict) -> tuple[str, ...]:
    if verdict.over or verdict.failed or verdict.note:
        return (*verdict.over, *verdict.failed[:1], *((verdict.note,) if verdict.note else ()), *verdict.aside)
    return (*((verdict.trend.told(),) if verdict.trend and not verdict.trend.seconds.too_few else ()), *verdict.aside)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value * 1000:,.0f} ms"


def _megabytes(value: int) -> str:
    return f"{value / 1e6:,.1f} MB"
