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
    return _run(table), tuple(_findings(table))


IDENTITY = ("class", "subject")
"""The columns of a finding's identity."""
BETWEEN = "\0"
"""Between the parts of a key. It is removed from the parts."""


def keys(table: "pa.Table") -> tuple[Run, frozenset[str]]:
    """Read the run and the keys of its findings from a table that has the columns `IDENTITY`.

    A key is an identity as one text. To make and to compare keys is 20 times faster than `Identity`, which counts for
    a year of runs.
    """
    return _run(table), frozenset(_keys(table).to_pylist())


def by_key(table: "pa.Table", wanted: Iterable[str]) -> dict[str, Finding]:
    """Read the findings with these keys. If a run has a finding twice, the first one counts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    all_keys = _keys(table)
    chosen = pc.is_in(all_keys, value_set=pa.array(wanted, pa.string()))
    named = zip(all_keys.filter(chosen).to_pylist(), _findings(table.filter(chosen)), strict=True)
    found: dict[str, Finding] = {}
    for key, finding in named:
        found.setdefault(key, finding)
    return found


def key_of(identity: Identity) -> str:
    """Return the key of an identity."""
    name, subject = identity
    return BETWEEN.join(part.replace(BETWEEN, "") for part in (name, *(getattr(subject, part) for part in _PARTS)))


def identity_of(key: str) -> Identity:
    """Return the identity of a key."""
    name, *parts = key.split(BETWEEN)
    return name, Subject(*parts)


_PARTS = tuple(field.name for field in fields(Subject))


def _keys(table: "pa.Table") -> "pa.ChunkedArray":
    import pyarrow.compute as pc

    parts = [table["class"], *_subject_columns(table)]
    cleaned = [pc.replace_substring(pc.fill_null(part, ""), BETWEEN, "") for part in parts]
    joined: pa.ChunkedArray = pc.binary_join_element_wise(*cleaned, BETWEEN)
    return joined


def _subject_columns(table: "pa.Table") -> "list[pa.ChunkedArray]":
    """Return the parts of the subject, in their order. Raises TypeError if there is a part of a newer version."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = table["subject"]
    stored = {column.type.field(number).name for number in range(column.type.num_fields)}
    if unknown := stored - {*_PARTS}:
        raise TypeError(f"the subject has the unknown parts {', '.join(sorted(unknown))}")
    empty = pa.chunked_array([pa.repeat("", len(table))])
    return [pc.struct_field(column, part) if part in stored else empty for part in _PARTS]


def _run(table: "pa.Table") -> Run:
    described = json.loads((table.schema.metadata or {})[_RUN])
    return Run(**{**described, "as_of": datetime.fromisoformat(described["as_of"])})


def _findings(table: "pa.Table") -> Iterable[Finding]:
    subjects = zip(*(column.to_pylist() for column in _subject_columns(table)), strict=True)
    names = ("class", "severity", "message", "as_of", "evidence", "remedy")
    if missing := {*names, "subject"} - {*table.column_names}:
        raise KeyError(*sorted(missing))
    columns = (distinct_values(table[name]) for name in names)
    for parts, name, severity, message, as_of, evidence, remedy in zip(subjects, *columns, strict=True):
        subject = Subject(*parts)
        cls = REGISTRY.get(name) or _unknown_class(name, severity, remedy)
        is_of_class = remedy == cls.remedy or remedy == filled_in(cls.remedy, subject)
        yield Finding(cls, subject, message, as_of, json.loads(evidence), "" if is_of_class else remedy)


def distinct_values(column: "pa.ChunkedArray") -> list[Any]:
    """Return the values of a column. Equal values are converted once: thousands of rows have the same moments."""
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    return [None if index is None else values[index] for index in encoded.indices.to_pylist()]


def _unknown_class(name: str, severity: str, remedy: str) -> FindingClass:
    """Return a class that another version of logops wrote. Only its name and severity are known."""
    return FindingClass(name, Severity(severity), meaning="", why="", remedy=remedy)
