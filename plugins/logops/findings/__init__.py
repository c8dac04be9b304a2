"""Findings: the model, the registry of classes, the results store and its history."""

from logops.findings.model import Evidence, Finding, FindingClass, Identity, Run, Severity, Subject, failed

__all__ = ["Evidence", "Finding", "FindingClass", "Identity", "Run", "Severity", "Subject", "failed"]
