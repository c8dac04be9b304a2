"""Findings as lines of a log, the most serious first. Findings with one cause are one entry."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from logops.findings.groups import FindingGroup, grouped
from logops.findings.model import Finding, Severity
from logops.number_text import count_text
from logops.wrapping import wrapped

_WIDTH = 100
"""Characters of a line: Airflow cuts longer lines at the edge of the window."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line, and how serious it is."""

    severity: Severity
    text: str


def log_lines(findings: Iterable[Finding], runbook_url: Callable[[str], str], most: int | None = None) -> list[LogLine]:
    """Return each finding with its message, its evidence, what to do, and its page in the runbook.

    runbook_url   from the name of a class to the full address of its page
    most          entries to return; further ones are counted. None: all
    """
    groups = grouped(findings)
    lines = [LogLine(group.cls.severity, text) for group in groups[:most] for text in _entry(group, runbook_url)]
    if left := groups[len(groups) if most is None else most :]:
        classes = ", ".join(sorted({group.cls.name for group in left}))
        count = sum(len(group.findings) for group in left)
        lines.append(LogLine(left[0].cls.severity, f"and {count_text(count, 'more finding')}: {classes}"))
    return lines


def _entry(group: FindingGroup, runbook_url: Callable[[str], str]) -> Iterable[str]:
    yield f"{group.cls.name}  {group.title}"
    yield from _wrapped(group.message)
    evidence = {name: str(value) for name, value in group.example.evidence.items()}
    if one_line := [f"{name}={value}" for name, value in evidence.items() if "\n" not in value]:
        yield from _wrapped(f"evidence: {', '.join(one_line)}")
    for name, value in evidence.items():
        if "\n" in value:
            yield f"  {name}:"
            yield from (f"    {line}" for line in value.splitlines())
    yield from _wrapped(f"what to do: {group.remedy}")
    yield f"  runbook: {runbook_url(group.cls.name)}"


def _wrapped(text: str) -> list[str]:
    return wrapped(text, _WIDTH, indent=2, following=4).splitlines()
