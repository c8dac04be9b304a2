from datetime import UTC, datetime

from rich.console import Console

from logops.cli.output.findings import listing, summary
from logops.findings import Finding, Subject
from logops.findings.classes import REGISTRY

AS_OF = datetime(2026, 11, 23, tzinfo=UTC)


def missing(day: int) -> Finding:
    subject = Subject("local", "main", "application", f"loki_index_{day}")
    return Finding(REGISTRY["chunk-missing"], subject, f"Chunk {day} is lost.", AS_OF, {"chunks": 1, "bytes": 512})


def overshoot(day: int) -> Finding:
    subject = Subject("local", "main", "application", f"loki_index_{day}")
    return Finding(REGISTRY["retention-overshoot"], subject, "Past.", AS_OF, {"chunks": 1})


def printed(findings: list[Finding], width: int = 120, *, every: bool = False) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(listing(findings, every=every), soft_wrap=True)
    return capture.get()


def test_findings_of_221_tables_are_one_entry_with_their_number() -> None:
    text = printed([missing(20_560 + day) for day in range(221)])

    assert text.count("chunk-missing") == 1
    assert "221 tables (loki_index_20560 to loki_index_20780)" in text
    assert "221 findings in 1 group. `--all` shows each finding, `--json` is for programs." in text


def test_findings_of_many_tables_with_all_are_shown_one_by_one() -> None:
    text = printed([missing(day) for day in range(221)], every=True)

    assert text.count("chunk-missing") == 221
    assert "--all" not in text


def test_single_finding_is_shown_with_subject_message_and_remedy() -> None:
    head, message, remedy, *_ = printed([missing(7)]).splitlines()

    assert head == ("critical chunk-missing  environment=local cluster=main tenant=application table=loki_index_7")
    assert message.strip() == "Chunk 7 is lost."
    assert remedy.strip().startswith("-> Find out who deleted them")


def test_findings_with_owners_name_them_behind_the_subject() -> None:
    subject = Subject("local", source="application")
    finding = Finding(REGISTRY["source-silent"], subject, "Silent.", AS_OF, {"owner": "shop, web"})

    assert (
        printed([finding]).splitlines()[0]
        == "error    source-silent  environment=local source=application owner=shop, web"
    )


def test_summary_of_one_finding_has_a_singular_noun() -> None:
    assert summary([missing(1)]) == "1 critical finding"


def test_summary_counts_findings_by_severity_worst_first() -> None:
    assert summary([overshoot(1), missing(1), missing(2)]) == "2 critical findings, 1 error"
