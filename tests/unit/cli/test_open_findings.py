"""`logops findings list` and `accept`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logops.cli import app
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore

NIGHT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
ACCEPT = ("findings", "accept", "local", "chunk-missing", "--cluster", "main", "--why", "test data", "--for")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    """The results of an audit that found a missing chunk five hours ago."""
    store = ResultsStore(str(tmp_path))
    monkeypatch.setattr("logops.cli.findings.results_store", lambda environment: store)
    found = Finding(CHUNK_MISSING, Subject("local", "main", "application"), "A chunk is missing.", NIGHT)
    store.write_findings(Run("local", "retention-audit", "nightly", NIGHT), [found])
    return store


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout


def test_list_shows_the_verdict_and_each_open_finding_with_its_age(store: ResultsStore) -> None:
    code, text = run("findings", "list", "local")

    assert code == 1
    assert text.startswith("local: 1 open finding; 1 check, the oldest run is of retention-audit, 5 h ago.\n")
    assert "cluster=main tenant=application" in text


def test_accepted_finding_is_shown_and_does_not_fail(store: ResultsStore) -> None:
    run(*ACCEPT, "30d")

    code, text = run("findings", "list", "local")

    assert code == 0
    assert text.startswith("local: no open findings, 1 accepted;")


def test_accept_says_how_many_findings_it_is_about(store: ResultsStore) -> None:
    assert run(*ACCEPT, "30d")[1].endswith(": test data. It is about 1 open finding.\n")


def test_accepted_finding_is_open_again_after_its_acceptance_was_ended(store: ResultsStore) -> None:
    run(*ACCEPT, "30d")
    run(*ACCEPT, "0s")

    assert run("findings", "list", "local")[0] == 1


def test_json_has_class_check_and_acceptance(store: ResultsStore) -> None:
    [finding] = json.loads(run("findings", "list", "local", "--json")[1])["findings"]

    assert (finding["class"], finding["check"], finding["accepted"]) == ("chunk-missing", "retention-audit", None)


def test_mistyped_class_is_refused_with_the_likely_one(store: ResultsStore) -> None:
    result = CliRunner().invoke(app, ["findings", "accept", "local", "chunk-mising", "--for", "1d", "--why", "x"])

    assert (result.exit_code, "Did you mean chunk-missing?" in result.stderr) == (2, True)
