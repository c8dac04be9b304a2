"""A short result of a quality run: one line for all, and one row per source. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from logops.environment import Environment
from logops.findings import Finding, failed
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.number_text import age_text, count_text, size_text
from logops.quality.bands import Verdict
from logops.quality.measured import Cost, Measured

OK = "ok"
NOT_CHECKED = "not checked"
COLUMNS = ("source", "verdict", "owner", "tenant", "lines", "size", "streams", "unparsable", "last line", "band")


@dataclass(frozen=True)
class SourceRow:
    """The result for one source."""

    source: str
    owner: str
    cluster: str
    tenant: str
    lines: int | None
    """Lines in the window; None: not counted."""
    bytes: int | None
    streams: int | None
    unparsable: int | None
    last_line: datetime | None
    verdict: str
    """`ok`, `not checked`, or the classes of its findings."""
    band: str = ""
    """Usual lines per minute, or how long they are still learned."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def texts(self, as_of: datetime) -> tuple[str, ...]:
        """Return the values as texts, in the order of COLUMNS."""
        return (
            self.source,
            self.verdict,
            self.owner,
            self.tenant,
            "-" if self.lines is None else f"{self.lines:,}",
            "-" if self.bytes is None else size_text(self.bytes),
            "-" if self.streams is None else f"{self.streams:,}",
            "-" if self.unparsable is None else f"{self.unparsable:,}",
            "-" if self.last_line is None else f"{age_text((as_of - self.last_line).total_seconds())} ago",
            self.band,
        )

    def text(self, as_of: datetime) -> str:
        """Return the values as one line, for a log."""
        source, verdict, *values = self.texts(as_of)
        return f"{source}: {verdict}; " + ", ".join(
            f"{name} {value}" for name, value in zip(COLUMNS[2:], values, strict=True)
        )


def summary(headline: str, findings: int, rows: Sequence[SourceRow], as_of: datetime) -> dict[str, Any]:
    """Return `{headline, findings, sources}` for an XCom: their number; column names, then one row per source."""
    return {
        "headline": headline,
        "findings": findings,
        "sources": [list(COLUMNS), *(list(row.texts(as_of)) for row in rows)],
    }


def source_rows(
    environment: Environment,
    measured: Measured,
    findings: Sequence[Finding],
    learned: Mapping[str, Verdict] | None = None,
) -> list[SourceRow]:
    """Return one row per source, those with findings first.

    learned   what the past weeks of each source teach
    """
    rows = []
    for name, source in environment.sources.items():
        measure = measured.sources[name]
        rows.append(
            SourceRow(
                source=name,
                owner=source.owner or "-",
                cluster=source.cluster,
                tenant=source.tenant,
                lines=None if measure.lines is None else measure.total,
                bytes=measure.bytes,
                streams=None if measure.streams is None else len(measure.streams),
                unparsable=measure.unparsable,
                last_line=measure.last_line,
                verdict=_verdict(environment, name, findings),
                band=learned[name].short_text if learned and name in learned else "",
            )
        )
    return sorted(rows, key=lambda row: row.verdict == OK)


def headline(rows: Sequence[SourceRow], findings: Sequence[Finding], window_s: int, cost: Cost) -> str:
    """Return the result in one line, with the verdict first."""
    incomplete = sum(finding.cls.name == CHECK_INCOMPLETE.name for finding in findings)
    faults = len(findings) - incomplete
    verdict = "failed: " if failed(findings) else ""
    what = [count_text(faults, "finding") if faults else "no findings"]
    what += [f"{count_text(incomplete, 'check')} incomplete"] if incomplete else []
    lines = sum(row.lines or 0 for row in rows)
    return (
        f"{verdict}{', '.join(what)}; {count_text(len(rows), 'source')}, {count_text(lines, 'line')} in "
        f"{_minutes(window_s)}; cost {count_text(cost.queries, 'query')}, {size_text(cost.bytes)} of "
        f"{size_text(cost.limit_bytes)} read"
    )


def _verdict(environment: Environment, name: str, findings: Sequence[Finding]) -> str:
    source = environment.sources[name]
    classes = [
        NOT_CHECKED if finding.cls.name == CHECK_INCOMPLETE.name else finding.cls.name
        for finding in findings
        if concerns(finding, name, source.cluster, source.tenant)
    ]
    return ", ".join(dict.fromkeys(classes)) or OK


def concerns(finding: Finding, name: str, cluster: str, tenant: str) -> bool:
    """Whether a finding is about a source, or about its tenant, its agent or its cluster."""
    subject = finding.subject
    if subject.source:
        return subject.source == name
    if shipped := str(finding.evidence.get("sources", "")):
        return name in shipped.split(", ")
    return subject.cluster == cluster and subject.tenant in ("", tenant)


def _minutes(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
