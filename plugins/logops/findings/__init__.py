"""What is wrong: the model, the registry of classes, the results store and its reader."""

from logops.findings.model import Evidence, Finding, FindingClass, Identity, Run, Severity, Subject

__all__ = ["Evidence", "Finding", "FindingClass", "Identity", "Run", "Severity", "Subject"]
