"""The secrets of receivers, after a rollout in Airflow and after notifications: they are in their own files only."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psutil
import pyarrow.parquet as pq
import pytest
import requests

from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.model import Alert
from logops.clients.loki.metrics import parse_metrics
from logops.platforms import STATE
from logops.platforms.local import LocalPlatform
from logops.quickstart.airflow_api import AirflowApi
from tests.support.checkouts import Checkout
from tests.support.rollouts import Rollouts, edit
from tests.support.waiting import wait_for

ENVIRONMENT = "notified"
SECRETS = {kind: f"{kind}{uuid4().hex}" for kind in ("slack", "teams", "hook", "smtp", "pagerduty")}
NOBODY_LISTENS = "http://127.0.0.1:1"
RECEIVERS = {
    "slack": {"slack": {"url": {"connection": "slack"}, "channel": "#logs"}},
    "teams": {"teams": {"url": {"connection": "teams"}}},
    "hook": {"webhook": {"url": {"connection": "hook"}}},
    "smtp": {
        "email": {
            "to": ["ada@example.com"], "sender": "logops@example.com", "server": "127.0.0.1:1", "username": "logops",
            "password": {"connection": "smtp"},
        }
    },
    # Nothing is routed to it: its address is PagerDuty's own.
    "pagerduty": {"pagerduty": {"routing_key": {"connection": "pagerduty"}}},
}  # fmt: skip
CLASSES = {"slack": "chunk-missing", "teams": "source-silent", "hook": "config-drift", "smtp": "agent-down"}
INTEGRATIONS = {"slack", "msteamsv2", "webhook", "email"}
"""Alertmanager's names of the receivers that the alerts are routed to."""


@pytest.mark.timeout(600)
def test_secrets_of_receivers_are_in_their_own_files_and_nowhere_else(
    checkout: Checkout,
    airflow: AirflowApi,
    rollouts: Rollouts,
    live: Callable[[str], LocalPlatform],
) -> None:
    edit(checkout.root, ENVIRONMENT, ("alerts.standard", _alertmanager()))
    for kind, secret in SECRETS.items():
        password = secret if kind in ("smtp", "pagerduty") else f"{NOBODY_LISTENS}/services/{secret}"
        airflow.put_connection({"connection_id": kind, "conn_type": "generic", "password": password})
    platform = live(ENVIRONMENT)
    run = rollouts.trigger(ENVIRONMENT)
    assert run.ended() == "success", run.tasks()
    [url] = platform.alertmanager_urls("standard")
    _fail_to_tell_every_receiver(url)
    shown = [
        checkout.logops(*command.split())
        for command in (
            f"plan {ENVIRONMENT} --diff",
            f"render {ENVIRONMENT}",
            f"status {ENVIRONMENT}",
            f"drift {ENVIRONMENT}",
            f"alerts list {ENVIRONMENT}",
            f"findings list {ENVIRONMENT}",
            f"logs {ENVIRONMENT} alertmanager-standard",
        )
    ]
    texts = {
        **{" ".join(map(str, answer.args[3:])): (answer.stdout + answer.stderr).encode() for answer in shown},
        **{path: requests.get(f"{url}{path}", timeout=10).content for path in ("/api/v2/status", "/metrics")},
        **{f"XCom of {task}": str(airflow_xcoms(run.path, airflow, task)).encode() for task in run.tasks()},
        "ps": "\n".join(_command_lines()).encode(),
        **dict(_written(checkout.root)),
    }

    assert [answer.args[3:] for answer in shown if not answer.stdout] == []
    holding = {name for name, text in texts.items() if any(secret.encode() in text for secret in SECRETS.values())}
    own_files = checkout.root / STATE / ENVIRONMENT / "receiver-secrets"
    assert holding == {str(file) for file in own_files.iterdir()}
    assert len(holding) == len(SECRETS)


def _alertmanager() -> dict[str, object]:
    routes = [{"receiver": receiver, "classes": [cls]} for receiver, cls in CLASSES.items()]
    return {"receivers": RECEIVERS, "routes": routes, "group_wait": "1s"}


def _fail_to_tell_every_receiver(url: str) -> None:
    """Send an alert for each receiver, and wait until Alertmanager could not tell them: it logs that."""
    now = datetime.now(UTC)
    alerts = [
        Alert(frozenset({("alertname", cls), ("environment", ENVIRONMENT)}), {}, now, now + timedelta(hours=1))
        for cls in CLASSES.values()
    ]
    with AlertmanagerClient(url) as client:
        client.send(alerts)

    def failed() -> set[str]:
        metrics = parse_metrics(requests.get(f"{url}/metrics", timeout=10).text)
        return {
            metric.labels["integration"]
            for metric in metrics
            if metric.name == "alertmanager_notification_requests_failed_total" and metric.value > 0
        }

    wait_for(lambda: failed() >= INTEGRATIONS, 60, state=failed)


def _command_lines() -> Iterator[str]:
    for process in psutil.process_iter(["cmdline"]):
        yield " ".join(process.info["cmdline"] or [])


def airflow_xcoms(run: str, airflow: AirflowApi, task: str) -> list[object]:
    """Return every value that a task has handed on."""
    entries = airflow.get(f"{run}/taskInstances/{task}/xcomEntries", "listing XComs")["xcom_entries"]
    return [
        airflow.get(f"{run}/taskInstances/{task}/xcomEntries/{entry['key']}", "reading an XCom") for entry in entries
    ]


def _written(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that logops, Airflow and the programs wrote, with its content."""
    for file in (root / STATE).rglob("*"):
        if file.is_file() and not file.is_symlink():
            # Parquet compresses its values.
            is_table = file.suffix == ".parquet"
            yield str(file), str(pq.ParquetFile(file).read().to_pylist()).encode() if is_table else file.read_bytes()
