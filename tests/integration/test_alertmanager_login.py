"""A real Alertmanager behind a proxy that asks for a login."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from logops.alerts.deliver import Delivery, deliver
from logops.cli import app
from logops.cli.output.console import FOUND
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.http.auth import BasicAuth, BearerToken
from logops.environment.alerts import Alertmanager
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import ResultsStore
from logops.render.alertmanager import login_settings
from logops.render.prometheus import prometheus_config
from logops.toolchain import command
from tests.support.alertmanagers import alertmanager
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.login_proxy import login_proxy

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - timedelta(hours=2)
SECRET = "pass:wörd"
BASIC: dict[str, Any] = {"basic_auth": {"username": "logops", "password": {"env": "ALERTS_LOGIN"}}}
BEARER: dict[str, Any] = {"bearer_token": {"connection": "alerts"}}


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the Alertmanager itself."""
    with alertmanager(tmp_path_factory.mktemp("am")) as running:
        yield running.url


@dataclass
class Guarded:
    """An environment with one open finding, whose Alertmanager is behind a proxy."""

    platform: MemoryPlatform
    store: ResultsStore

    def send(self) -> Delivery:
        return deliver(self.platform, self.store, NOW, lambda line: None)


def guarded(folder: Path, proxy: str, login: dict[str, Any], name: str) -> Guarded:
    declared = environment(
        "local",
        ("name", name),
        ("alerts.standard", {"urls": [proxy], **login}),
        ("clusters.main.ruler.alertmanager_url", "http://127.0.0.1:9"),
    )
    platform = MemoryPlatform(declared, {})
    platform.alertmanagers = {"standard": (proxy,)}
    store = ResultsStore(str(folder / "results"))
    found = [Finding(CHUNK_MISSING, Subject(name, "main"), "1 chunk is missing.", BEGAN)]
    store.write_findings(Run(name, "retention-audit", "run", BEGAN), found)
    return Guarded(platform, store)


def starts(url: str, name: str) -> list[datetime]:
    """Return the starts of the alerts of an environment."""
    with AlertmanagerClient(url) as client:
        return [alert.starts_at for alert in client.alerts() if ("environment", name) in alert.labels]


@pytest.mark.parametrize(
    ("name", "login", "variable", "header"),
    [
        ("e-basic", BASIC, "ALERTS_LOGIN", BasicAuth("logops", SECRET).header),
        ("e-bearer", BEARER, "LOGOPS_CONNECTION_ALERTS", BearerToken("a-token").header),
    ],
    ids=["basic", "bearer"],
)
def test_alert_reaches_an_alertmanager_whose_proxy_asks_for_a_login(
    tmp_path: Path,
    behind: str,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    login: dict[str, Any],
    variable: str,
    header: str,
) -> None:
    monkeypatch.setenv(variable, SECRET if login is BASIC else "a-token")
    with login_proxy(behind, header) as proxy:
        delivery = guarded(tmp_path, proxy, login, name).send()

    assert delivery.headline == "1 alert, 0 resolved."
    assert starts(behind, name) == [BEGAN]


def test_wrong_password_is_one_finding_and_the_alert_is_sent_late_with_its_start(
    tmp_path: Path, behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with login_proxy(behind, BasicAuth("logops", SECRET).header) as proxy:
        local = guarded(tmp_path, proxy, BASIC, "e-wrong")
        monkeypatch.setenv("ALERTS_LOGIN", "guessed")
        [finding] = local.send().findings
        monkeypatch.setenv("ALERTS_LOGIN", SECRET)
        corrected = local.send()

    assert finding.cls.name == "alerts-undelivered"
    assert finding.message == (
        f"listing alerts at {proxy}: the login was refused (401). Correct `basic_auth` or `bearer_token` of this "
        "Alertmanager in the environment file, or the secret that it names."
    )
    assert corrected.findings == ()
    assert starts(behind, "e-wrong") == [BEGAN]


def test_login_whose_secret_is_not_known_is_one_finding_that_names_it(tmp_path: Path, behind: str) -> None:
    with login_proxy(behind, "none") as proxy:
        [finding] = guarded(tmp_path, proxy, BEARER, "e-unknown").send().findings

    assert finding.message == (
        "logging in to the Alertmanagers of e-unknown: alerts.standard.bearer_token is the secret of Airflow "
        "connection 'alerts', which is not known here. Create the Airflow connection 'alerts' with the secret as its "
        "password, or set the variable LOGOPS_CONNECTION_ALERTS."
    )


def test_list_of_alerts_with_a_wrong_token_says_that_the_login_was_refused(
    tmp_path: Path, behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGOPS_CONNECTION_ALERTS", "guessed")
    with login_proxy(behind, "Bearer a-token") as proxy:
        local = guarded(tmp_path, proxy, BEARER, "e-list")
        monkeypatch.setattr("logops.cli.alerts.readable", lambda name: local.platform)
        listed = CliRunner().invoke(app, ["alerts", "list", "e-list"])

    assert listed.exit_code == FOUND
    assert "the login was refused (401)" in " ".join(listed.stderr.split())
    assert "guessed" not in listed.stdout + listed.stderr


@pytest.mark.parametrize("login", [BASIC, BEARER], ids=["basic", "bearer"])
def test_login_in_the_configuration_of_prometheus_is_valid_and_names_a_file(
    tmp_path: Path, login: dict[str, Any]
) -> None:
    for variable in ("ALERTS_LOGIN", "LOGOPS_CONNECTION_ALERTS"):
        (tmp_path / variable).write_text(SECRET)
    declared = Alertmanager.model_validate({"urls": ["http://alerts.example.com"], **login})
    file = tmp_path / "prometheus.yaml"
    settings = login_settings(declared, str(tmp_path))
    file.write_text(yaml.safe_dump(prometheus_config([], [tmp_path / "targets.json"], declared.urls, settings)))

    checked = subprocess.run(
        [*command("promtool"), "check", "config", str(file)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr
    assert str(tmp_path) in str(settings)
    assert SECRET not in file.read_text()
