"""Group findings that have one cause, so that 221 tables with the same fault are one entry for a person.

The terminal and the logs show groups. The results store, JSON and alerts keep every finding.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter

from logops.findings.model import Finding, FindingClass, Subject
from logops.number_text import count_text, size_text

MIN_GROUP = 3
"""Two findings are as short as their group would be."""
_LISTED = 3
"""Names that an entry lists. Of more tables, it shows the first and the last."""
_NOUNS = {"table": "table", "tenant": "tenant", "query": "query", "source": "source"}
_COUNTED = ("chunk", "file")
"""Nouns whose plurals are keys of the evidence, with a count."""


_parts = attrgetter(*Subject.__dataclass_fields__)
"""The parts of a subject. Sorting by them is several times faster than sorting by the subject."""


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings of one class with one cause, sorted by subject. Most groups have one finding."""

    findings: tuple[Finding, ...]

    @property
    def cls(self) -> FindingClass:
        return self.findings[0].cls

    @property
    def example(self) -> Finding:
        """The largest finding, by chunks or files."""
        return max(self.findings, key=lambda finding: max(_count(finding, noun) for noun in _COUNTED))

    @property
    def subject(self) -> Subject:
        """The parts of the subject that all findings have in common."""
        return replace(self.findings[0].subject, **dict.fromkeys(_differing(self.findings), ""))

    @property
    def scope(self) -> str:
        """The parts of the subject that differ: `221 tables (loki_index_20560 to loki_index_20780)`. Empty for one
        finding."""
        values = {part: self._values(part) for part in _differing(self.findings)}
        counts = [f"{count_text(len(names), _NOUNS[part])} ({_names(part, names)})" for part, names in values.items()]
        return " of ".join(counts)

    @property
    def owners(self) -> str:
        """The teams whose sources the findings are about; empty if the findings name none."""
        owners = [str(finding.evidence.get("owner", "")) for finding in self.findings]
        return ", ".join(sorted({name for names in owners for name in names.split(", ") if name}))

    @property
    def title(self) -> str:
        """The subject, then what differs."""
        return f"{self.subject}  {self.scope}".rstrip()

    @property
    def message(self) -> str:
        """The finding's message. For several findings: their totals, then the largest finding as an example."""
        if len({finding.message for finding in self.findings}) == 1:
            return self.findings[0].message
        example = self.example
        where = " of ".join(name for name in (example.subject.table, example.subject.tenant) if name)
        return f"In all: {self._totals()}. For example {where}: {example.message}"

    @property
    def remedy(self) -> str:
        """The remedy, with the names of the example."""
        return self.example.remedy_text

    def _totals(self) -> str:
        sums = [(noun, sum(_count(finding, noun) for finding in self.findings)) for noun in _COUNTED]
        totals = [count_text(total, noun) for noun, total in sums if total] or [
            count_text(len(self.findings), "finding")
        ]
        if size := sum(_count(finding, "byte") for finding in self.findings):
            totals.append(size_text(size))
        times = [str(finding.evidence["since"]) for finding in self.findings if finding.evidence.get("since")]
        if times:
            totals.append(f"the oldest since {min(times)[:16].replace('T', ' ')} UTC")
        return ", ".join(totals)

    def _values(self, part: str) -> list[str]:
        return sorted({value for finding in self.findings if (value := getattr(finding.subject, part))})


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by severity, the most serious first, then by class and subject."""
    return sorted(
        findings, key=lambda finding: (-finding.cls.severity.rank, finding.cls.name, *_parts(finding.subject))
    )


def grouped(findings: Iterable[Finding], least: int = MIN_GROUP) -> list[FindingGroup]:
    """Return the findings as groups, the most serious first. Every finding is in exactly one group.

    Findings of tables have one cause if class and subject are equal, except for table and tenant. Other findings have
    one cause if their messages are equal as well.

    least   findings of one cause that make a group
    """
    by_cause: dict[tuple[object, ...], list[Finding]] = {}
    for finding in worst_first(findings):
        by_cause.setdefault(_cause(finding), []).append(finding)
    groups: list[FindingGroup] = []
    for same in by_cause.values():
        groups += [FindingGroup(tuple(same))] if len(same) >= least else [FindingGroup((finding,)) for finding in same]
    return groups


def ungrouped(findings: Iterable[Finding]) -> list[FindingGroup]:
    """Return each finding as its own group, the most serious first."""
    return [FindingGroup((finding,)) for finding in worst_first(findings)]


def _cause(finding: Finding) -> tuple[object, ...]:
    subject = finding.subject
    if subject.table:
        return finding.cls.name, replace(subject, tenant="", table="", path="")
    if subject.path:
        return finding.identity
    return finding.cls.name, replace(subject, tenant="", query="", source=""), finding.message


def _differing(findings: Sequence[Finding]) -> list[str]:
    """Return the parts of the subject that differ: the table first, because a tenant's part of it is the smaller."""
    parts = [field.name for field in fields(Subject)]
    differing = [part for part in parts if len({getattr(finding.subject, part) for finding in findings}) > 1]
    return sorted(differing, key=lambda part: part != "table")


def _names(part: str, names: Sequence[str]) -> str:
    if len(names) <= _LISTED:
        return ", ".join(names)
    if part == "table":
        return f"{names[0]} to {names[-1]}"
    return f"{', '.join(names[:_LISTED])} and {len(names) - _LISTED:,} more"


def _count(finding: Finding, noun: str) -> int:
    value = finding.evidence.get(f"{noun}s", 0)
    return value if isinstance(value, int) else 0
