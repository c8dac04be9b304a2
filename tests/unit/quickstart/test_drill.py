"""A drill: what it breaks, and what it writes down first."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from logops.alerts.active import active_alerts
from logops.clients.alertmanager.model import LiveAlert
from logops.findings import Finding, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.quickstart.drill.faults import DeletedChunk, EditedLimit, StoppedProcess, WrongPath, silence_wait_s
from logops.quickstart.drill.record import DrillRecord, read_record, record_file, remove_record, write_record
from logops.quickstart.drill.scenarios import SCENARIOS, StoredChunk, chunk_to_delete
from logops.quickstart.drill.text import alerts, announcement, findings, menu
from logops.quickstart.errors import DrillRefusedError
from tests.support.environments import environment

LOCAL = environment("local")
MAIN = LOCAL.clusters["main"]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FAULTS = (
    StoppedProcess("main-compactor-0"),
    DeletedChunk("main", "loki-chunks", "application/1/2-3-4", "/srv/drill/chunk"),
    WrongPath("application", "samples/application.log", "agents/promtail-main.yaml", "drill-1"),
    EditedLimit("main", "canary", "ingestion_rate_mb", "1.0", "2.0"),
)


def chunk(name: str, age: timedelta, size_bytes: int = 100, tenant: str = "application") -> StoredChunk:
    return StoredChunk(name, tenant, NOW - age, size_bytes)


def shown(drawn: object, width: int = 80) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(drawn, soft_wrap=True)
    return capture.get()


def test_record_of_a_drill_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = DrillRecord("drill-1", "lost-chunk", FAULTS)

    write_record(tmp_path, record)

    assert read_record(tmp_path) == record


def test_record_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    write_record(tmp_path, DrillRecord("drill-1", "lost-chunk", FAULTS))

    assert record_file(tmp_path).stat().st_mode & 0o077 == 0


def test_record_that_was_removed_is_no_unfinished_drill(tmp_path: Path) -> None:
    write_record(tmp_path, DrillRecord("drill-1", "lost-chunk", FAULTS))

    remove_record(tmp_path)

    assert read_record(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"name": "drill-1", "faults": [{"kind": "flood"}]})])
def test_record_that_cannot_be_read_is_refused_with_its_file(tmp_path: Path, content: str) -> None:
    record_file(tmp_path).parent.mkdir()
    record_file(tmp_path).write_text(content)

    with pytest.raises(
        DrillRefusedError, match=f"{record_file(tmp_path)}.*What it broke is not known: look at `logops drift`"
    ):
        read_record(tmp_path)


def test_smallest_suitable_chunk_is_chosen() -> None:
    days = timedelta(days=3)

    chosen = chunk_to_delete([chunk("a", days, 30), chunk("b", days, 20), chunk("c", days, 40)], MAIN, LOCAL, NOW)

    assert chosen is not None
    assert chosen.name == "b"


@pytest.mark.parametrize(
    "unsuitable",
    [
        chunk("may be in no index yet", timedelta(hours=2)),
        chunk("may change its tier", timedelta(days=29)),
        chunk("expires", timedelta(days=89)),
        chunk("of a tenant that is not declared", timedelta(days=3), tenant="unknown"),
    ],
    ids=lambda each: each.name,
)
def test_chunk_that_an_audit_may_not_miss_is_not_chosen(unsuitable: StoredChunk) -> None:
    assert chunk_to_delete([unsuitable], MAIN, LOCAL, NOW) is None


def test_menu_shows_every_scenario_with_its_usual_time() -> None:
    text = " ".join(shown(menu(SCENARIOS)).split())

    for number, scenario in enumerate(SCENARIOS, 1):
        assert f"{number} {scenario.name} " in text
    assert "1 lost-chunk The compactor is stopped, and a chunk is deleted from the storage account." in text


def test_announcement_says_what_is_broken_and_how_it_is_repaired() -> None:
    text = " ".join(shown(announcement(SCENARIOS[0], FAULTS[:2], "local")).split())

    assert "Breaks Stop the process main-compactor-0. Delete the chunk application/1/2-3-4 from the container" in text
    assert "A copy is kept in /srv/drill/chunk." in text
    assert "Expected compactor-count (error), chunk-missing (critical)" in text
    assert "Repair Put the chunk back from its copy. Start the process main-compactor-0 again." in text


def test_finding_is_shown_with_what_to_do() -> None:
    finding = Finding(CHUNK_MISSING, Subject("local", "main"), "1 chunk is missing.", NOW)

    text = " ".join(shown(findings([finding], 80)).split())

    assert "critical chunk-missing What 1 chunk is missing. Why it matters Their lines are lost" in text
    assert "What to do Find out who deleted them" in text


def test_command_in_a_remedy_is_wider_than_the_terminal_and_can_be_copied() -> None:
    command = f"`curl -sG http://127.0.0.1:24319/loki/api/v1/query_range --data-urlencode 'query={'x' * 90}'`"
    finding = Finding(
        CHUNK_MISSING, Subject("local", "main"), "1 chunk is missing.", NOW, remedy=f"To see it: {command}."
    )

    lines = shown(findings([finding], 80)).splitlines()

    assert [line for line in lines if command in line]
    assert [line for line in lines if len(line) > 80 and command not in line] == []


def test_wait_for_silence_is_longer_than_the_silence_and_the_bucket_in_which_it_is_counted() -> None:
    declared = environment("local", ("sources.application.expect_every", "2m"), ("quality.bucket", "1m"))

    assert silence_wait_s(declared.sources["application"], declared.quality) > 2 * 60 + 60 + 60


def test_alert_is_shown_with_who_was_told_and_the_address_of_its_finding() -> None:
    finding = Finding(CHUNK_MISSING, Subject("local", "main"), "1 chunk is missing.", NOW)
    since = NOW - timedelta(minutes=2)
    labels = frozenset({("alertname", "chunk-missing"), ("severity", "critical"), ("cluster", "main")})
    active = active_alerts([LiveAlert(labels, {"summary": "1 chunk"}, since, NOW)], {})

    text = shown(alerts(active, [finding], "local", "http://127.0.0.1:8080", NOW), width=120)

    assert "Since  2026-11-28 11:58:00 UTC, 2 min ago" in text
    assert "Told   nobody: `alerts` in the environment file names no receiver for it" in text
    assert f"http://127.0.0.1:8080/logops-page/local#finding={finding.id}" in text
