"""`logops` alone, with a project in a separate folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from logops.cli import app
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing was ever rolled out. Its results are in its folder `results`."""
    (tmp_path / "tools").mkdir()
    folder = tmp_path / "include/environments"
    folder.mkdir(parents=True)
    text = (ROOT / "include/environments/local.yaml").read_text()
    (folder / "local.yaml").write_text(text.replace("results: results", f"results: file://{tmp_path}/results", 1))
    monkeypatch.setenv("LOGOPS_HOME", str(tmp_path))
    return tmp_path


def overview() -> list[str]:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    return [line.rstrip() for line in result.stdout.splitlines()]


@pytest.mark.usefixtures("project")
def test_overview_before_any_rollout_shows_how_to_start() -> None:
    assert overview() == [
        "local: nothing is rolled out",
        "  no check has run yet",
        "  next: logops up local",
        "",
        "`logops --help` lists all commands.",
    ]


def test_overview_shows_last_checks_with_age_and_verdict(project: Path) -> None:
    now = datetime.now(UTC)
    store = ResultsStore(f"file://{project}/results")
    finding = Finding(CHUNK_MISSING, Subject("local", "main"), "1 chunk is missing.", now)
    store.write_findings(Run("local", "retention-audit", "1", now - timedelta(hours=30, minutes=5)), ())
    store.write_findings(Run("local", "retention-audit", "2", now - timedelta(hours=6, minutes=5)), [finding])
    store.write_findings(Run("local", "compaction-audit", "3", now - timedelta(hours=7, minutes=5)), ())
    store.write_findings(Run("other", "tiering-audit", "4", now), ())

    assert overview()[:4] == [
        "local: nothing is rolled out",
        "  retention-audit   6 h ago  failed: 1 finding",
        "  compaction-audit  7 h ago  ok",
        "  wrong: retention-audit: 1 chunk is missing.",
    ]


def test_overview_starts_and_writes_nothing(project: Path) -> None:
    before = sorted(project.rglob("*"))
    overview()
    assert sorted(project.rglob("*")) == before
