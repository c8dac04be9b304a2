"""Turn findings in files into diagnostics."""

import re
from collections.abc import Collection, Mapping

from logops.diagnostics.model import FILE_UNREADABLE, Diagnostic, Level, Lines, Position, Rule
from logops.doctor.reading.safe_yaml import DocumentError
from logops.findings import Finding, FindingClass, Severity

_LEVELS = {
    Severity.INFO: Level.NOTE,
    Severity.WARNING: Level.WARNING,
    Severity.ERROR: Level.ERROR,
    Severity.CRITICAL: Level.ERROR,
}
_KEY = re.compile(r"""(?:- +)?("[^"]*"|'[^']*'|[^\s:=,{}\[\]]+)""")


def as_diagnostic(finding: Finding, texts: Mapping[str, Lines], fixable: Collection[Finding] = ()) -> Diagnostic:
    """Return a finding as a diagnostic. It marks the key at the position of the finding."""
    file = str(finding.evidence["file"])
    start = Position(int(finding.evidence.get("line", 1)), int(finding.evidence.get("column", 1)))
    key = _KEY.match(texts[file].line(start.line), start.column - 1) if file in texts else None
    return Diagnostic(
        rule=rule_of(finding.cls),
        message=finding.message,
        file=file,
        start=start,
        end=Position(start.line, key.end() + 1) if key else None,
        severity=finding.cls.severity.value,
        remedy=finding.remedy_text,
        fixable=finding in fixable,
    )


def rule_of(cls: FindingClass) -> Rule:
    return Rule(cls.name, _LEVELS[cls.severity], cls.meaning, cls.why, cls.remedy)


def unreadable(error: DocumentError) -> Diagnostic:
    """Return the diagnostic of a file that cannot be read."""
    return Diagnostic(
        FILE_UNREADABLE,
        f"{error.found}; accepted: {error.accepted}",
        error.file,
        Position(error.line, error.column),
    )
