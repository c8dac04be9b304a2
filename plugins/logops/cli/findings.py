"""Findings as text for a person."""

from collections.abc import Sequence
from textwrap import fill

from rich.console import Group
from rich.text import Text

from logops.cli.console import FOUND, OK, out
from logops.findings import Finding, Severity, failed

_INDENT = " " * 9
STYLES = {
    Severity.INFO: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "red",
    Severity.CRITICAL: "bold white on red",
}


def listing(findings: Sequence[Finding]) -> Group:
    """Return the findings, worst first: class, subject, message, remedy."""
    return Group(*(_entry(finding) for finding in worst_first(findings)))


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (-finding.cls.severity.rank, finding.cls.name, finding.subject))


def summary(findings: Sequence[Finding]) -> str:
    """Return a count by severity: `2 errors, 1 warning`."""
    if not findings:
        return "no findings"
    counts = [(severity, sum(finding.cls.severity is severity for finding in findings)) for severity in Severity]
    words = {Severity.INFO: "note", Severity.CRITICAL: "critical finding"}
    return ", ".join(
        f"{count} {words.get(severity, severity.value)}{'s' * (count > 1)}"
        for severity, count in reversed(counts)
        if count
    )


def exit_code(findings: Sequence[Finding]) -> int:
    """Return the exit code for findings. Warnings alone do not fail a command."""
    return FOUND if failed(findings) else OK


def _entry(finding: Finding) -> Group:
    severity = finding.cls.severity
    head = Text.assemble(
        (f"{severity.value:8}", STYLES[severity]), " ", (finding.cls.name, "bold"), f"  {finding.subject}"
    )
    remedy = finding.remedy or finding.cls.remedy
    return Group(head, Text(_indented(finding.message)), Text(_indented(f"-> {remedy}"), style="green"), Text())


def _indented(text: str) -> str:
    return fill(text, out.width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False)
