"""`make up`, `make drill`, repeated `make up` and `make down` on the whole local environment.

These tests stop the Airflow that runs in the checkout.
"""

import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from logops.airflow.dag_ids import ALERTS, CHECKS
from logops.checks.recording import record
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.findings import Finding, Subject
from logops.findings import Run as CheckRun
from logops.findings.classes.drift import CONFIG_DRIFT
from logops.number_text import seconds_text
from logops.platforms import STATE, open_results
from logops.platforms.local import LocalPlatform
from logops.platforms.local.lock import locked
from logops.queries.library import load_library
from logops.quickstart import background
from logops.quickstart.drill.faults import DeletedChunk
from logops.quickstart.drill.record import DrillRecord, read_record
from logops.render import Stage
from logops.stages import STAGES
from logops.toolchain import project_root
from tests.support.checkouts import Checkout
from tests.support.connection_form import press_test_button
from tests.support.http_servers import Recording
from tests.support.local_platforms import all_ready, pids, processes_of, statuses
from tests.support.rollouts import DAG, Run
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(600)
DAYS = 3


@pytest.fixture(scope="module")
def made(checkout: Checkout) -> Iterator[subprocess.CompletedProcess[str]]:
    """The result of a first `make up`, with a few days of history."""
    yield checkout.logops("quickstart", "up", "whole", "--days", str(DAYS), "--airflow-port", str(checkout.port))
    checkout.platform("whole").down(print)


@pytest.fixture
def first_run(checkout: Checkout, made: subprocess.CompletedProcess[str]) -> Run:
    api = checkout.airflow.api()
    runs = api.get(f"/api/v2/dags/{DAG}/dagRuns", "listing runs", params={"order_by": "id", "limit": 100})["dag_runs"]
    first = next(run["dag_run_id"] for run in runs if run["conf"]["environment"] == "whole")
    return Run(api, first, checkout.airflow.log)


def test_make_up_starts_all_processes(checkout: Checkout, made: subprocess.CompletedProcess[str]) -> None:
    assert made.returncode == 0, made.stdout + made.stderr
    platform = checkout.platform("whole")
    assert len(statuses(platform)) >= 15
    assert all_ready(platform)
    assert background.running(platform.state / "feed.json")


def test_make_up_verification_checks_pass_for_every_stage(first_run: Run) -> None:
    for stage in STAGES:
        checks = first_run.xcom(f"{stage}.verify")["checks"]
        assert checks, stage
        assert all(check["passed"] for check in checks), checks


def test_make_up_summary_shows_addresses_and_password(
    checkout: Checkout, made: subprocess.CompletedProcess[str]
) -> None:
    assert f"http://127.0.0.1:{checkout.port}" in made.stdout
    assert f"user admin, password {checkout.airflow.password()}" in made.stdout
    assert checkout.platform("whole").read_url("main") in made.stdout
    assert "make down" in made.stdout


def test_alert_delivery_in_airflow_knows_which_checks_are_paused(
    checkout: Checkout, made: subprocess.CompletedProcess[str]
) -> None:
    api = checkout.airflow.api()
    paused = [check for dag, checks in sorted(CHECKS.items()) if api.is_paused(dag) for check in checks]
    api.switch_on(ALERTS)
    api.trigger(ALERTS, "e2e", {"environment": "whole"})
    wait_for(lambda: api.run_state(ALERTS, "e2e") in ("success", "failed"), seconds=120)

    run = api.get(f"/api/v2/dags/{ALERTS}/dagRuns/e2e", "reading the run")

    assert (run["state"], run["conf"]["paused_checks"]) == ("success", sorted(paused)), run["note"]


@pytest.mark.parametrize(("tenant", "kinds"), [("application", 2), ("platform", 1), ("security-team", 1)])
def test_make_up_shows_number_of_history_lines_per_tenant(
    made: subprocess.CompletedProcess[str], tenant: str, kinds: int
) -> None:
    found = re.search(rf"{tenant} +([\d,]+)", made.stdout)
    assert found, made.stdout
    # Half a line per minute and kind. Up to a day and a half may fall on a weekend, which has fewer lines.
    assert int(found[1].replace(",", "")) > kinds * DAYS * 24 * 60 * 0.5 * 0.6


def test_make_up_shows_every_completed_task(made: subprocess.CompletedProcess[str]) -> None:
    shown = re.findall(r"✓ rollout: (\S+)", made.stderr)
    assert shown == ["plan", *(f"{stage}.{step}" for stage in STAGES for step in ("apply", "verify")), "summary"]


def test_make_up_runs_both_audits_without_findings(made: subprocess.CompletedProcess[str]) -> None:
    assert "compaction_audit  whole: no findings in" in made.stdout
    assert "retention_audit  whole: no findings in" in made.stdout


def test_make_up_runs_benchmark_and_shows_every_library_query(made: subprocess.CompletedProcess[str]) -> None:
    library = load_library(project_root())

    assert f"query_benchmark  {len(library)} queries, " in made.stdout
    for name, query in library.items():
        promised = seconds_text(query.objective.p95.value / 1000)
        assert re.search(rf"^{name} +\S+ +[\d,]+ ms +{promised} +[\d,]+ ms +\S+ (\wi)?B", made.stdout, re.M), name


@pytest.mark.parametrize("source", ["application", "access", "audit", "syslog"])
def test_make_up_checks_arriving_logs_of_every_source(made: subprocess.CompletedProcess[str], source: str) -> None:
    assert re.search(r"^ingestion_quality  .*4 sources, [\d,]+ lines in 30 min", made.stdout, re.M), made.stdout
    assert re.search(rf"^{source} +\w", made.stdout, re.M), made.stdout


@pytest.mark.parametrize("tenant", ["application", "platform", "security-team"])
def test_make_up_audit_shows_table_count_and_phase_per_tenant(
    made: subprocess.CompletedProcess[str], tenant: str
) -> None:
    row = re.search(rf"{tenant} +(\d+) +\d{{4}}-\d\d-\d\d +.*ingesting", made.stdout)
    assert row, made.stdout
    # A chunk of a quiet tenant may span all days. The chunk counts in the table of its last line.
    assert 1 <= int(row[1]) <= DAYS + 1


def test_airflow_has_working_connection_to_each_cluster(
    checkout: Checkout, made: subprocess.CompletedProcess[str]
) -> None:
    api = checkout.airflow.api()
    for name, cluster in (("loki_main", "main"), ("loki_security", "security")):
        connection = api.get(f"/api/v2/connections/{name}", "reading a connection")
        works, message = press_test_button(
            api, {key: connection[key] for key in ("connection_id", "conn_type", "host", "port", "schema", "extra")}
        )
        assert works, message
        assert (
            json.loads(connection["extra"])["tenant"]
            in checkout.platform("whole").environment.clusters[cluster].tenants
        )


def test_drill_is_refused_while_a_rollout_runs(checkout: Checkout, made: subprocess.CompletedProcess[str]) -> None:
    platform = checkout.platform("whole")
    platform.acquire_lease("rollout-7")
    try:
        refused = checkout.logops("quickstart", "drill", "whole", "changed-limit")
    finally:
        platform.release_lease("rollout-7")

    assert refused.returncode == 2
    assert in_one_line(refused.stderr).startswith(
        "Starting a drill on whole: a rollout runs. Environment whole is being changed by rollout-7, since "
    )
    assert in_one_line(refused.stderr).endswith("Nothing was broken.")


def test_drill_is_refused_while_another_drill_runs(checkout: Checkout, made: subprocess.CompletedProcess[str]) -> None:
    with locked(checkout.root / STATE / "quickstart.lock", "make drill", print):
        refused = checkout.logops("quickstart", "drill", "whole", "changed-limit")

    assert refused.returncode == 2
    assert in_one_line(refused.stderr) == (
        f"Starting a drill on whole: process {os.getpid()} (make drill) is at work. Wait until it has ended. "
        "Nothing was broken."
    )


def test_drill_is_refused_if_its_finding_is_open_already(
    checkout: Checkout, made: subprocess.CompletedProcess[str]
) -> None:
    store = open_results(checkout.platform("whole").environment, checkout.root)
    now = datetime.now(UTC)
    drift = Finding(CONFIG_DRIFT, Subject("whole", "main", path="loki/main.yaml"), "loki/main.yaml was changed.", now)
    record(store, CheckRun("whole", "drift", "by-hand", now), [drift])
    try:
        refused = checkout.logops("quickstart", "drill", "whole", "changed-limit")
    finally:
        record(store, CheckRun("whole", "drift", "by-hand-2", datetime.now(UTC)), [])

    assert refused.returncode == 2
    assert in_one_line(refused.stderr) == (
        "Starting a drill on whole: these findings are open already, so the drill would prove nothing: config-drift: "
        "loki/main.yaml was changed. Repair them first, or choose another scenario. Nothing was broken."
    )


def test_drill_that_is_interrupted_repairs_at_once(checkout: Checkout, made: subprocess.CompletedProcess[str]) -> None:
    platform = checkout.platform("whole")
    command = checkout.begin("quickstart", "drill", "whole", "changed-limit")
    wait_for(lambda: not is_declared(platform, "tenants") or command.poll() is not None, seconds=180)

    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=120)

    assert command.returncode == 130, said
    assert "Interrupted: repairing what was broken. Ctrl-C again leaves it to the next `make drill`." in said
    assert is_declared(platform, "tenants")


def is_declared(platform: LocalPlatform, stage: Stage) -> bool:
    return platform.live(stage) == platform.desired()[stage]


def in_one_line(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True)
class Drilled:
    """A drill that was killed after it broke something, and the drill after it."""

    left: DrillRecord | None
    """The record after the kill."""
    was_broken: bool
    """Whether the compactor was stopped and the chunk was gone after the kill."""
    again: subprocess.CompletedProcess[str]
    most_of_an_alert: int
    """Most alerts with the same labels that Alertmanager had at the same moment."""


@pytest.fixture(scope="module")
def drilled(checkout: Checkout, made: subprocess.CompletedProcess[str]) -> Drilled:
    platform = checkout.platform("whole")

    def is_broken() -> bool:
        record = read_record(platform.state)
        if record is None or statuses(platform)["main-compactor-0"].pid is not None:
            return False
        chunk = next(fault for fault in record.faults if isinstance(fault, DeletedChunk))
        with platform.object_store(chunk.account) as store:
            return store.container(chunk.container).exists([chunk.chunk]) == [False]

    first = checkout.begin("quickstart", "drill", "whole", "lost-chunk")
    wait_for(lambda: is_broken() or first.poll() is not None, seconds=180)
    first.kill()
    first.communicate()
    left, was_broken = read_record(platform.state), is_broken()

    again = checkout.begin("quickstart", "drill", "whole", "lost-chunk")
    ended = Event()
    most = 0

    def count() -> None:
        nonlocal most
        with AlertmanagerClient(platform.alertmanager_urls("standard")[0]) as alertmanager:
            while not ended.wait(0.5):
                same_labels = Counter(alert.labels for alert in alertmanager.alerts())
                most = max(most, *same_labels.values(), 0)

    counting = Thread(target=count)
    counting.start()
    stdout, stderr = again.communicate()
    ended.set()
    counting.join()
    return Drilled(left, was_broken, subprocess.CompletedProcess(again.args, again.returncode, stdout, stderr), most)


def test_drill_that_is_killed_leaves_a_record_of_what_it_broke(drilled: Drilled) -> None:
    assert drilled.was_broken
    assert drilled.left is not None
    assert [fault.kind for fault in drilled.left.faults] == ["stopped-process", "deleted-chunk"]


def test_next_drill_repairs_what_a_killed_drill_broke(drilled: Drilled) -> None:
    assert drilled.left is not None
    assert f"The drill {drilled.left.name} was interrupted. Repairing what it broke:" in drilled.again.stderr


def test_drill_ends_when_its_faults_are_found_alerted_repaired_and_gone(checkout: Checkout, drilled: Drilled) -> None:
    assert drilled.again.returncode == 0, drilled.again.stdout + drilled.again.stderr
    assert re.search(r"Found after .*, alerted after .*, repaired after .*, gone after .*\.", drilled.again.stdout)
    assert all_ready(checkout.platform("whole"))
    assert read_record(checkout.platform("whole").state) is None


def test_alerts_of_a_drill_arrive_and_are_resolved(drilled: Drilled, webhook: Recording) -> None:
    def statuses_of(cls: str) -> list[str]:
        notifications = [json.loads(request.body) for request in webhook.received]
        return [each["status"] for each in notifications if each["groupLabels"]["alertname"] == cls]

    for cls in ("chunk-missing", "compactor-count"):
        wait_for(lambda cls=cls: statuses_of(cls)[-1:] == ["resolved"], seconds=60)  # type: ignore[misc]
        assert statuses_of(cls)[0] == "firing"


def test_alerts_of_a_drill_are_in_alertmanager_once(drilled: Drilled) -> None:
    assert drilled.most_of_an_alert == 1


def test_repeated_make_up_changes_nothing_and_restarts_no_process(
    checkout: Checkout, made: subprocess.CompletedProcess[str]
) -> None:
    platform = checkout.platform("whole")
    before = pids(platform), background.running(platform.state / "feed.json"), checkout.airflow.port()

    again = checkout.logops("quickstart", "up", "whole", "--days", str(DAYS))

    assert again.returncode == 0, again.stderr
    assert "nothing to change" in again.stderr
    assert "history" not in again.stderr
    assert (pids(platform), background.running(platform.state / "feed.json"), checkout.airflow.port()) == before


def test_make_down_ends_all_processes_and_reports_them(
    checkout: Checkout, made: subprocess.CompletedProcess[str]
) -> None:
    airflow = background.read(checkout.airflow.record)
    assert airflow is not None

    down = checkout.logops("quickstart", "down", "whole")

    assert down.returncode == 0, down.stderr
    assert "the sample logs, Airflow" in down.stderr
    assert background.members(airflow) == []
    assert processes_of(checkout.platform("whole").state) == []


def test_make_down_without_running_processes_is_reported(checkout: Checkout) -> None:
    checkout.logops("quickstart", "down", "whole")

    down = checkout.logops("quickstart", "down", "whole")

    assert down.returncode == 0
    assert "Nothing was running." in down.stderr


def test_ctrl_c_while_airflow_starts_ends_airflow_and_names_what_runs(checkout: Checkout) -> None:
    checkout.logops("quickstart", "down", "whole")
    command = checkout.begin("quickstart", "up", "whole", "--airflow-port", str(checkout.port))
    # What ran before starts first.
    wait_for(lambda: background.running(checkout.airflow.record) is not None, seconds=120)
    started = background.read(checkout.airflow.record)
    assert started is not None

    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)

    assert command.returncode == 130, said
    assert re.search(r"Still running: \d+ processes of whole, the sample logs\.", said), said
    assert background.members(started) == []
    checkout.logops("quickstart", "down", "whole")
