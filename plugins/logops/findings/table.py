"""Convert the findings of a run to an Arrow table and back."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from logops.findings.classes import REGISTRY
from logops.findings.model import Finding, FindingClass, Identity, Run, Severity, Subject
from logops.findings.remedy import filled_in

if TYPE_CHECKING:
    import pyarrow as pa

_RUN = b"logops.run"


def findings_schema() -> "pa.Schema":
    """Return the schema, one row per finding. `subject` is a struct (`subject.tenant` in SQL), `evidence` JSON text."""
    import pyarrow as pa

    text = pa.string()
    columns: dict[str, pa.DataType] = {
        "environment": text,
        "check": text,
        "run": text,
        "as_of": pa.timestamp("us", tz="UTC"),
        "class": text,
        "severity": text,
        "subject": pa.struct([(part.name, text) for part in fields(Subject)]),
        "message": text,
        "remedy": text,
        "evidence": text,
    }
    return pa.schema(columns)


def to_table(run: Run, findings: Iterable[Finding]) -> "pa.Table":
    """Return a run as a table. The metadata holds the run itself, so a run without findings is a table too."""
    import pyarrow as pa

    rows = [
        {
            "environment": run.environment,
            "check": run.check,
            "run": run.id,
            "as_of": finding.as_of,
            "class": finding.cls.name,
            "severity": finding.cls.severity.value,
            "subject": asdict(finding.subject),
            "message": finding.message,
            "remedy": finding.remedy_text,
            "evidence": json.dumps(dict(finding.evidence), sort_keys=True),
        }
        for finding in findings
    ]
    described = json.dumps({**asdict(run), "as_of": run.as_of.isoformat()})
    return pa.Table.from_pylist(rows, schema=findings_schema().with_metadata({_RUN: described}))


def from_table(table: "pa.Table") -> tuple[Run, tuple[Finding, ...]]:
    """Read what `to_table` returned. Raises KeyError for other tables."""
    return _run(table), tuple(_finding(row) for row in table.to_pylist())


IDENTITY = ("class", "subject")
"""The columns of a finding's identity."""


def identities(table: "pa.Table") -> tuple[Run, frozenset[Identity]]:
    """Read the run and the identities of its findings from a table that has the columns `IDENTITY`."""
    rows = zip(table["class"].to_pylist(), table["subject"].to_pylist(), strict=True)
    return _run(table), frozenset((name, Subject(**subject)) for name, subject in rows)


def _run(table: "pa.Table") -> Run:
    described = json.loads((table.schema.metadata or {})[_RUN])
    return Run(**{**described, "as_of": datetime.fromisoformat(described["as_of"])})


def _finding(row: dict[str, Any]) -> Finding:
    cls = REGISTRY.get(row["class"]) or _unknown_class(row)
    subject = Subject(**row["subject"])
    return Finding(
        cls=cls,
        subject=subject,
        message=row["message"],
        as_of=row["as_of"],
        evidence=json.loads(row["evidence"]),
        remedy="" if row["remedy"] == filled_in(cls.remedy, subject) else row["remedy"],
    )


def _unknown_class(row: dict[str, Any]) -> FindingClass:
    """Return a class that another version of logops wrote. Only its name and severity are known."""
    return FindingClass(row["class"], Severity(row["severity"]), meaning="", why="", remedy=row["remedy"])
