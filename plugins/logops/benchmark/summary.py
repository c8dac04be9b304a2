"""A short result of a benchmark, one row per query, for `make up` and Airflow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from logops.benchmark.measure.cases import Mode, range_text
from logops.benchmark.verdict import Verdict, has_objective
from logops.findings import Finding
from logops.number_text import count_text, seconds_text, size_text
from logops.queries.model import LibraryQuery

COLUMNS = ("query", "range", "p95", "promised", "p50 uncached", "read", "promised", "")
NO_PROMISE = "-"
MOST_FINDINGS = 20


def summary(
    verdicts: Sequence[Verdict], findings: Sequence[Finding], library: Mapping[str, LibraryQuery]
) -> dict[str, Any]:
    """Return `{headline, findings, queries}`, small enough for an XCom, as JSON values without tuples."""
    queries = len({verdict.case.query for verdict in verdicts})
    answers = sum(verdict.answered for verdict in verdicts)
    messages = [
        f"{finding.cls.name} {finding.subject.query or finding.subject.cluster}: {finding.message}"
        for finding in findings
    ]
    left = len(messages) - MOST_FINDINGS
    count = count_text(len(findings), "finding") if findings else "no findings"
    apart = f"; {len(library) - queries} are for clusters or tenants that do not exist here" * (len(library) > queries)
    return {
        "headline": f"{count_text(queries, 'query')}, {count_text(answers, 'answer')}: {count}{apart}",
        "findings": [*messages[:MOST_FINDINGS], *([f"and {left} more"] if left > 0 else [])],
        "queries": [list(COLUMNS), *map(list, rows(verdicts, library))],
    }


def rows(verdicts: Iterable[Verdict], library: Mapping[str, LibraryQuery]) -> list[tuple[str, ...]]:
    """Return one row per query and range, with both modes side by side."""
    by_query: dict[tuple[str, int], dict[Mode, Verdict]] = {}
    for verdict in verdicts:
        by_query.setdefault((verdict.case.query, verdict.case.range_s), {})[verdict.case.mode] = verdict
    return [
        (
            query,
            range_text(range_s),
            _seconds(modes[Mode.WARM].p95 if Mode.WARM in modes else None),
            seconds_text(library[query].objective.p95.value / 1000)
            if has_objective(library[query], range_s)
            else NO_PROMISE,
            _seconds(modes[Mode.COLD].p50 if Mode.COLD in modes else None),
            size_text(max((mode.bytes or 0 for mode in modes.values()), default=0)),
            size_text(library[query].objective.bytes.value) if has_objective(library[query], range_s) else NO_PROMISE,
            "; ".join(dict.fromkeys(text for mode in modes.values() for text in _remarks_of(mode))),
        )
        for (query, range_s), modes in by_query.items()
    ]


def _remarks_of(verdict: Verdict) -> tuple[str, ...]:
    if verdict.missed_objectives or verdict.failure_messages or verdict.note:
        return (
            *verdict.missed_objectives,
            *verdict.failure_messages[:1],
            *((verdict.note,) if verdict.note else ()),
            *verdict.remarks,
        )
    trend = (verdict.trend.text(),) if verdict.trend and not verdict.trend.seconds.too_few else ()
    return (*trend, *verdict.remarks)


def _seconds(value: float | None) -> str:
    return "-" if value is None else seconds_text(value)
