"""The notifier in real runs of a DAG of another team."""

from tests.support import airflow_home

# isort: split
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.utils.db import initdb

from logops.airflow.notifier import LogopsNotifier
from logops.airflow.operators.work import read_environment
from logops.alerts.deliver import deliver
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.model import LiveAlert
from logops.findings.store import ResultsStore
from tests.support.alertmanagers import RunningAlertmanager, alertmanager
from tests.support.fakes.memory_platform import MemoryPlatform

assert airflow_home
SHOP = """
from pathlib import Path
from airflow.sdk import DAG, task
from logops.airflow.notifier import LogopsNotifier

VALUES = dict(environment="local", team="shop", severity="critical", message="{{ dag.dag_id }} stands")
CALLBACKS = dict(
    on_failure_callback=LogopsNotifier(**VALUES), on_success_callback=LogopsNotifier(**VALUES, resolves=True)
)

with DAG("shop_load", schedule=None, **CALLBACKS):
    @task(**CALLBACKS)
    def load():
        if not Path(__file__).with_name("works").exists():
            raise RuntimeError("the password is hunter2")
    load()
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as started:
        yield started


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, running: RunningAlertmanager) -> MemoryPlatform:
    platform = MemoryPlatform(read_environment("local"), {})
    platform.alertmanagers = {"standard": (running.url,)}
    monkeypatch.setattr("logops.platforms.open_to_read", lambda *_: platform)
    return platform


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: MemoryPlatform, _short_sleeps: None) -> DAG:
    """A DAG whose task fails until a file named `works` is beside it."""
    (tmp_path / "shop.py").write_text(SHOP)
    bundle = {
        "name": "shop",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(tmp_path)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    initdb()
    return DagBag(dag_folder=tmp_path, bundle_path=tmp_path, bundle_name="shop").dags["shop_load"]


def live(running: RunningAlertmanager) -> dict[str, LiveAlert]:
    with AlertmanagerClient(running.url) as client:
        return {dict(alert.labels)["alertname"]: alert for alert in client.alerts()}


COMMON = {
    "sender": "airflow",
    "environment": "local",
    "team": "shop",
    "severity": "critical",
    "dag_id": "shop_load",
}


def test_failure_of_a_task_is_an_alert_of_its_team_and_a_success_ends_it(
    shop: DAG, running: RunningAlertmanager, tmp_path: Path
) -> None:
    shop.test()
    failed = live(running)["task-failed"]
    (tmp_path / "works").touch()
    shop.test()

    assert dict(failed.labels) == {**COMMON, "alertname": "task-failed", "task_id": "load"}
    assert failed.annotations["summary"] == "shop_load stands"
    assert live(running) == {}


def test_failure_of_a_run_is_one_alert_of_its_dag(shop: DAG, running: RunningAlertmanager) -> None:
    # What Airflow's DAG processor gives to callbacks of a run. `dag.test()` cannot render a notifier for a run.
    shop.on_failure_callback({"dag": shop, "run_id": "r1", "reason": "task_failure"})

    assert dict(live(running)["dag-failed"].labels) == {**COMMON, "alertname": "dag-failed"}


def test_success_of_a_run_ends_the_alert_of_its_dag(shop: DAG, running: RunningAlertmanager) -> None:
    shop.on_failure_callback({"dag": shop, "run_id": "r1", "reason": "task_failure"})
    shop.on_success_callback({"dag": shop, "run_id": "r2", "reason": "success"})

    assert "dag-failed" not in live(running)


def test_alert_of_a_failure_links_to_the_log_and_does_not_contain_the_exception(
    shop: DAG, running: RunningAlertmanager
) -> None:
    shop.test()

    alert = live(running)["task-failed"]
    assert "/dags/shop_load/runs/" in alert.annotations["page"]
    assert "hunter2" not in str(alert)


def test_delivery_of_findings_does_not_end_alerts_of_the_notifier(
    shop: DAG, running: RunningAlertmanager, platform: MemoryPlatform, tmp_path: Path
) -> None:
    shop.test()
    before = live(running)

    deliver(platform, ResultsStore(str(tmp_path / "results")), before["task-failed"].starts_at, lambda line: None)

    assert live(running) == before


def test_alertmanager_that_is_away_does_not_change_the_run(shop: DAG, platform: MemoryPlatform, tmp_path: Path) -> None:
    platform.alertmanagers = {}
    (tmp_path / "works").touch()

    assert shop.test().state == "success"


def test_unknown_severity_is_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(ValueError, match="severity 'fatal' is not one of: warning, error, critical"):
        LogopsNotifier(environment="local", severity="fatal")  # type: ignore[arg-type]
