"""Assertions about the outcome of an audit."""

from logops.audit.report.result import AuditResult
from logops.findings import Finding


def class_names(outcome: AuditResult) -> set[str]:
    """Return the names of the finding classes."""
    return {finding.cls.name for finding in outcome.findings}


def identities(outcome: AuditResult) -> set[tuple[str, str, str]]:
    """Return the class name, table and tenant of every finding."""
    return {(finding.cls.name, finding.subject.table, finding.subject.tenant) for finding in outcome.findings}


def only_finding(outcome: AuditResult) -> Finding:
    """Return the only finding. Fails with all messages if the audit reported more findings, or none."""
    reported = [f"{finding.cls.name}: {finding.message}" for finding in outcome.findings]
    assert len(reported) == 1, f"Expected one finding. The audit reported: {'; '.join(reported) or 'nothing'}"
    return outcome.findings[0]
