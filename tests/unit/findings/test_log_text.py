"""Findings in a log: what was found, the evidence, what to do, and the page in the runbook."""

from datetime import UTC, datetime

from logops.findings import Finding, FindingClass, Severity, Subject
from logops.findings.log_text import log_lines

AS_OF = datetime(2026, 11, 28, 3, tzinfo=UTC)
MISSING = FindingClass("chunk-missing", Severity.CRITICAL, "", "", "Run `logops audit explain ENV TABLE`.")
OPEN = FindingClass("index-duplicate", Severity.WARNING, "", "", "Wait a night.")


def finding(cls: FindingClass, table: str = "loki_index_7", **evidence: int) -> Finding:
    return Finding(cls, Subject(environment="local", table=table), f"Fault in {table}.", AS_OF, evidence)


def url(name: str) -> str:
    return f"https://airflow.example/runbook#{name}"


def test_finding_in_log_has_message_evidence_remedy_and_runbook_at_its_severity() -> None:
    lines = log_lines([finding(MISSING, chunks=2, bytes=9)], url)

    assert [line.text for line in lines] == [
        "chunk-missing  environment=local table=loki_index_7",
        "  Fault in loki_index_7.",
        "  evidence: chunks=2, bytes=9",
        "  what to do: Run `logops audit explain local loki_index_7`.",
        "  runbook: https://airflow.example/runbook#chunk-missing",
    ]
    assert {line.severity for line in lines} == {Severity.CRITICAL}


def test_most_serious_finding_is_first_in_log() -> None:
    lines = log_lines([finding(OPEN), finding(MISSING)], url)

    assert [line.text.split()[0] for line in lines if not line.text.startswith(" ")] == [
        "chunk-missing",
        "index-duplicate",
    ]


def test_findings_of_many_tables_are_one_entry_in_log() -> None:
    lines = log_lines([finding(MISSING, f"loki_index_{day}", chunks=1) for day in range(200)], url)

    assert len(lines) == 5
    assert "200 tables" in lines[0].text


def test_long_remedy_in_log_is_wrapped_and_its_command_stays_on_one_line() -> None:
    command = "`logops audit explain local loki_index_7 application`"
    cls = FindingClass("chunk-missing", Severity.CRITICAL, "", "", f"{'Read the log. ' * 6}Then run {command} there.")
    texts = [line.text for line in log_lines([finding(cls)], url)]

    assert max(map(len, texts)) <= 100
    assert any(command in text for text in texts)


def test_log_with_more_entries_than_allowed_counts_the_others_by_class() -> None:
    classes = [FindingClass(f"class-{number}", Severity.WARNING, "", "", "") for number in range(9)]

    lines = log_lines([finding(cls) for cls in classes], url, most=7)

    assert lines[-1].text == "and 2 more findings: class-7, class-8"
