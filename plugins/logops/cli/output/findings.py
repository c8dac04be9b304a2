"""Findings as text for a person."""

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from logops.cli.output.console import FOUND, OK, printable, width
from logops.findings import Finding, Severity, failed
from logops.findings.groups import FindingGroup, grouped, ungrouped
from logops.number_text import count_text
from logops.wrapping import wrapped

_INDENT = 9
STYLES = {
    Severity.INFO: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "red",
    Severity.CRITICAL: "bold white on red",
}
_NOUNS = {Severity.INFO: "note", Severity.CRITICAL: "critical finding"}


def listing(findings: Sequence[Finding], *, every: bool = False) -> Group:
    """Return the findings, worst first: class, subject, message, remedy. Findings with one cause are one entry.

    every   show each finding as its own entry
    """
    groups = ungrouped(findings) if every else grouped(findings)
    entries: list[Group | Text] = [_entry(group) for group in groups]
    if len(groups) < len(findings):
        counts = f"{count_text(len(findings), 'finding')} in {count_text(len(groups), 'group')}."
        entries.append(Text(wrapped(f"{counts} `--all` shows each finding, `--json` is for programs.", width()) + "\n"))
    return Group(*entries)


def summary(findings: Sequence[Finding]) -> str:
    """Return a count by severity: `2 errors, 1 warning`."""
    if not findings:
        return "no findings"
    counts = [(severity, sum(finding.cls.severity is severity for finding in findings)) for severity in Severity]
    return ", ".join(
        count_text(count, _NOUNS.get(severity, severity.value)) for severity, count in reversed(counts) if count
    )


def exit_code(findings: Sequence[Finding]) -> int:
    """Return the exit code for findings. Warnings alone do not fail a command."""
    return FOUND if failed(findings) else OK


def _entry(group: FindingGroup) -> Group:
    severity = group.cls.severity
    owner = f" owner={group.owners}" if group.owners else ""
    head = Text.assemble(
        (f"{severity.value:8}", STYLES[severity]),
        " ",
        (group.cls.name, "bold"),
        f"  {printable(f'{group.subject}{owner}')}",
    )
    message = wrapped(printable(group.message), width(), _INDENT)
    remedy = wrapped(printable(f"-> {group.remedy}"), width(), _INDENT)
    scope = [Text(wrapped(printable(group.scope), width(), _INDENT))] if group.scope else []
    return Group(head, *scope, Text(message), Text(remedy, style="green"), Text())
