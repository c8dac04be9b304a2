"""`logops findings list` and `accept`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from logops.cli import app
from logops.cli.output import console
from logops.findings import Finding, Run, Subject
from logops.findings.classes import REGISTRY
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore

NIGHT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
ACCEPT = ("findings", "accept", "local", "chunk-missing", "--cluster", "main", "--why", "test data", "--for")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ResultsStore:
    """The results of an audit that found a missing chunk five hours ago."""
    store = ResultsStore(str(tmp_path))
    for module in ("findings", "findings_history"):
        monkeypatch.setattr(f"logops.cli.{module}.results_store", lambda environment: store)
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


def test_show_has_evidence_runs_remedy_and_cause_of_a_finding(store: ResultsStore) -> None:
    stuck = Finding(REGISTRY["delete-request-stuck"], Subject("local", "main", "a"), "r1 is stuck.", NIGHT, {"days": 3})
    stalled = Finding(REGISTRY["compaction-stalled"], Subject("local", "main"), "It stands.", NIGHT)
    store.write_findings(Run("local", "compaction-audit", "nightly", NIGHT), [stuck, stalled])

    code, text = run("findings", "show", "local", stuck.id)

    assert code == 1
    assert text.startswith(f"error delete-request-stuck  {stuck.id}\n  r1 is stuck.\n")
    assert "Seen by 1 of the last 1 run of compaction-audit; the newest: nightly of " in text
    assert "  days: 3\n" in text
    assert f"  Explained by compaction-stalled ({stalled.id}), which is open too.\n" in text
    assert "  -> Search the compactor's log" in text


def test_show_of_a_class_has_every_open_finding_of_it(store: ResultsStore) -> None:
    code, text = run("findings", "show", "local", "chunk-missing", "--json")

    [shown] = json.loads(text)["open"]
    assert (code, shown["run"], shown["accepted"]) == (1, "nightly", None)


def test_show_of_a_finding_that_is_gone_says_since_when(store: ResultsStore) -> None:
    store.write_findings(Run("local", "retention-audit", "later", NIGHT + timedelta(hours=1)), [])

    code, text = run("findings", "show", "local", "chunk-missing")

    assert code == 0
    assert text.startswith(
        f"gone since {NIGHT + timedelta(hours=1):%Y-%m-%d %H:%M} UTC: chunk-missing of environment=local"
    )


def test_show_of_an_unknown_finding_names_the_commands_that_list_them(store: ResultsStore) -> None:
    result = CliRunner().invoke(app, ["findings", "show", "local", "chunk-mising"])

    assert result.exit_code == 1
    assert " ".join(result.stderr.split()) == (
        "local has no finding chunk-mising: this is no class and no id. Did you mean chunk-missing? It has 1 open "
        "finding: `logops findings list local`. Findings that are gone: `logops findings history local`."
    )


def test_history_shows_what_began_and_what_is_gone_newest_first(store: ResultsStore) -> None:
    store.write_findings(Run("local", "retention-audit", "later", NIGHT + timedelta(hours=1)), [])

    events = json.loads(run("findings", "history", "local", "--json")[1])["events"]

    assert [(event["event"], event["run"]) for event in events] == [("gone", "later"), ("new", "nightly")]


def test_history_leaves_out_what_began_before_its_time(store: ResultsStore) -> None:
    store.write_findings(Run("local", "retention-audit", "later", NIGHT + timedelta(hours=4)), [])

    code, text = run("findings", "history", "local", "--last", "3h")

    assert (code, text.splitlines()[0].partition("UTC: ")[2]) == (0, "0 new findings, 1 gone.")


def test_mistyped_class_is_refused_with_the_likely_one(store: ResultsStore) -> None:
    result = CliRunner().invoke(app, ["findings", "accept", "local", "chunk-mising", "--for", "1d", "--why", "x"])

    assert (result.exit_code, "Did you mean chunk-missing?" in result.stderr) == (2, True)


@pytest.fixture(params=[80, 140])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The width of the terminal that the commands see."""
    monkeypatch.setattr(console, "out", Console(width=request.param, emoji=False))
    return int(request.param)


@pytest.fixture
def of_every_class(store: ResultsStore) -> list[Finding]:
    """An open finding of each class, with a subject that is longer than a narrow terminal."""
    subject = Subject("local", "main", "application", "loki_index_20780", path=f"results/{'long' * 20}.parquet")
    found = [Finding(cls, subject, f"The {name} of {'x' * 90}.", NIGHT) for name, cls in REGISTRY.items()]
    store.write_findings(Run("local", "retention-audit", "later", NIGHT + timedelta(hours=1)), found)
    return found


@pytest.mark.parametrize("command", ["list", "history"])
def test_terminal_shows_every_class_id_and_subject_and_cuts_no_name(
    of_every_class: list[Finding], terminal: int, command: str
) -> None:
    lines = run("findings", command, "local")[1].splitlines()
    words = " ".join(lines).split()

    for finding in of_every_class:
        assert [line for line in lines if {finding.cls.name, finding.id} <= {*line.split()}], finding.cls.name
        assert {*str(finding.subject).split()[1:]} <= {*words}
    assert [line for line in lines if len(line) > terminal and len(line.split()) > 1] == []


def test_list_on_a_terminal_shows_every_message(of_every_class: list[Finding], terminal: int) -> None:
    text = " ".join(run("findings", "list", "local")[1].split())

    assert [finding.message for finding in of_every_class if finding.message not in text] == []


def test_show_on_a_terminal_cuts_no_name(of_every_class: list[Finding], terminal: int) -> None:
    finding = of_every_class[0]
    lines = run("findings", "show", "local", finding.id)[1].splitlines()

    assert {*finding.message.split(), *str(finding.subject).split()} <= {*" ".join(lines).split()}
    assert [line for line in lines if len(line) > terminal and len(line.split()) > 1 and "`" not in line] == []


def test_list_in_a_pipe_has_one_line_for_each_finding(of_every_class: list[Finding]) -> None:
    lines = run("findings", "list", "local")[1].splitlines()[2:]

    assert len(lines) == len(of_every_class) + 2, "the heading, and the finding that was open before"
    assert all(finding.message in "\n".join(lines) for finding in of_every_class)
