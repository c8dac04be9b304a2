"""The digest for a mail, and the command that writes it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logops.alerts.last_delivery import write_last_delivery
from logops.alerts.mutes import Mute
from logops.cli import app
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore
from logops.report.digest import digest
from logops.report.page import build
from logops.report.section import EVERYTHING, STANDARD, Shown
from logops.report.state import read
from tests.support.environments import environment

NOW = datetime.now(UTC).replace(microsecond=0)
NIGHT = NOW - timedelta(hours=3)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    store = ResultsStore(str(tmp_path / "results"))
    monkeypatch.setattr("logops.cli.report.results_store", lambda environment: store)
    return store


def audited(store: ResultsStore, message: str, cluster: str = "main") -> Finding:
    finding = Finding(CHUNK_MISSING, Subject("local", cluster, "application"), message, NIGHT)
    store.write_findings(Run("local", "retention-audit", "nightly", NIGHT), [finding])
    return finding


def text(store: ResultsStore, shown: Shown = STANDARD) -> str:
    local = environment("local")
    page = build(store, local, NOW, shown)
    return digest(page, read(store, local, NOW), shown, "https://airflow.example/logops-page/local")


def test_first_line_of_the_digest_is_the_verdict(store: ResultsStore) -> None:
    audited(store, "3 chunks are missing.")

    assert text(store).splitlines()[0].startswith("local: 1 finding breaks a promise, the oldest for 3 h.")


def test_digest_names_each_trouble_with_its_remedy_and_its_address(store: ResultsStore) -> None:
    finding = audited(store, "3 chunks are missing.")

    lines = text(store).splitlines()
    assert "   3 chunks are missing." in lines
    assert any(line.startswith("   Do: Find out who deleted them") for line in lines)
    assert f"   https://airflow.example/logops-page/local#finding={finding.id}" in lines


def test_digest_names_what_alarms_nobody_to_those_who_may_know(store: ResultsStore) -> None:
    until = NOW + timedelta(hours=2)
    mutes = [
        Mute("standard", "1 alert silenced by bob:\nnew disks", until),
        Mute("security", "1 alert silenced by kim", until),
    ]
    write_last_delivery(store, "local", (), NOW, mutes)

    assert f"   1 alert silenced by bob: new disks, until {until:%Y-%m-%d %H:%M} UTC" in text(store).splitlines()
    assert "kim" not in text(store)


def test_hostile_text_writes_no_line_of_its_own_into_a_digest(store: ResultsStore) -> None:
    audited(store, "Missing.\r\nSubject: all is well\x1b[31m\u2028WHEN")

    assert [line for line in text(store).splitlines() if line.startswith(("Subject", "WHEN IT WAS NOT", "\x1b"))] == []
    assert "\x1b" not in text(store)


@pytest.mark.parametrize(("shown", "is_there"), [(STANDARD, False), (EVERYTHING, True)])
def test_digest_has_findings_of_security_clusters_only_for_their_readers(
    store: ResultsStore, shown: Shown, is_there: bool
) -> None:
    audited(store, "3 chunks are missing.", cluster="security")

    assert ("chunk-missing" in text(store, shown)) is is_there


def test_report_command_writes_the_page_and_prints_the_verdict(store: ResultsStore, tmp_path: Path) -> None:
    audited(store, "3 chunks are missing.")

    result = CliRunner().invoke(app, ["report", "local", "--out", str(tmp_path / "page.html")])

    assert result.exit_code == 0
    assert result.stdout.startswith("local: 1 finding breaks a promise")
    assert "3 chunks are missing." in (tmp_path / "page.html").read_text()


def test_report_command_prints_the_digest(store: ResultsStore) -> None:
    audited(store, "3 chunks are missing.")

    assert "WHAT IS WRONG, AND WHAT TO DO" in CliRunner().invoke(app, ["report", "local", "--digest"]).stdout


def test_report_command_that_cannot_write_names_the_file(store: ResultsStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = CliRunner().invoke(app, ["report", "local", "--out", str(tmp_path / "file" / "page.html")])

    assert result.exit_code != 0
    assert "Name another file with --out." in result.stderr
