"""`logops alerts list` on terminals of different widths."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from logops.alerts.active import ActiveAlert, Quiet
from logops.cli import app
from logops.cli.output import console
from logops.findings.classes import REGISTRY

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
SUBJECT = f"cluster=main path=results/{'long' * 20}.parquet tenant=application"
SILENCED = "nobody: silenced by ada until 2026-11-30 08:00: restore runs (9f3c1e2a-55aa-4b6a-9f3c-1234567890ab)"
ALERTS = [
    ActiveAlert(
        name, cls.severity.value, "log-platform", SUBJECT, NOON - timedelta(hours=number), SILENCED, Quiet.SILENCED,
        f"The {name} of {'x' * 90}.", {},
    )
    for number, (name, cls) in enumerate(REGISTRY.items())
]  # fmt: skip


@pytest.fixture(autouse=True)
def _alertmanager(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Alertmanager with an alert of each class."""
    monkeypatch.setattr("logops.cli.alerts.readable", lambda name: SimpleNamespace(environment=name))
    monkeypatch.setattr("logops.cli.alerts.results_store", lambda environment: None)
    monkeypatch.setattr("logops.cli.alerts.read_active", lambda platform, audience: ALERTS)
    monkeypatch.setattr("logops.cli.alerts.read_muted", lambda platform, store, audience, now: [])


@pytest.mark.parametrize("width", [80, 140])
def test_terminal_shows_every_alert_with_subject_message_and_silence_and_cuts_no_name(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(console, "out", Console(width=width, emoji=False))
    lines = CliRunner().invoke(app, ["alerts", "list", "local"]).stdout.splitlines()
    text = " ".join(" ".join(lines).split())

    for alert in ALERTS:
        assert [line for line in lines if {alert.name, alert.severity, alert.team} <= {*line.split()}], alert.name
        assert alert.summary in text
    assert text.count(f"about: {SUBJECT}") == text.count(f"told: {SILENCED}") == len(ALERTS)
    assert [line for line in lines if len(line) > width and len(line.split()) > 1] == []


def test_pipe_gets_one_line_for_each_alert() -> None:
    lines = CliRunner().invoke(app, ["alerts", "list", "local"]).stdout.splitlines()

    assert len(lines[3:]) == len(ALERTS)
    assert all(SUBJECT in line and SILENCED in line for line in lines[3:])
