"""Findings in a store become alerts in real Alertmanagers."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import yaml
from typer.testing import CliRunner

from logops.alerts.active import read_active, read_muted
from logops.alerts.deliver import deliver, ours
from logops.alerts.last_delivery import read_last_delivery
from logops.alerts.mutes import Mute
from logops.checks.open_findings import read_open
from logops.cli import app
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.model import Alert, LabelSet, Matcher, Silence
from logops.environment.alerts import Alertmanager
from logops.findings import Severity
from logops.findings.acceptance import accept, write_acceptance
from logops.findings.classes import REGISTRY
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.render.alertmanager import alertmanager_config
from logops.rollout import RolloutOutcome, RolloutRecord, RolloutResult, write_record
from tests.support.alert_deliveries import NOW, Deliveries
from tests.support.alertmanagers import RunningAlertmanager, alertmanager
from tests.support.azurites import free_port
from tests.support.http_servers import http_server
from tests.support.waiting import becomes_true


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    """An Alertmanager for all tests. Each test has an environment of its own."""
    with alertmanager(tmp_path_factory.mktemp("main")) as running:
        yield running


@pytest.fixture(scope="module")
def security(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    with alertmanager(tmp_path_factory.mktemp("security")) as running:
        yield running


@pytest.fixture
def both(tmp_path: Path, main: RunningAlertmanager, security: RunningAlertmanager) -> Deliveries:
    return Deliveries(tmp_path, standard=(main.url,), security=(security.url,))


def test_delivery_sent_twice_gives_one_alert(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))

    both.send()
    both.send()

    assert [dict(alert.labels)["alertname"] for alert in both.live(main.url)] == ["chunk-missing"]


def test_alert_of_a_finding_that_is_gone_is_resolved(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")), at=NOW - timedelta(hours=1))
    both.send(NOW - timedelta(minutes=59))
    both.found()

    delivery = both.send()

    assert (both.live(main.url), delivery.headline) == ([], "0 alerts, 1 resolved.")


def test_alert_stands_after_a_run_that_could_not_check(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")), at=NOW - timedelta(hours=1))
    both.found((CHECK_INCOMPLETE, both.subject(cluster="main")))

    both.send()

    assert {dict(alert.labels)["alertname"] for alert in both.live(main.url)} == {"chunk-missing", "check-incomplete"}


def test_security_finding_is_only_in_the_security_alertmanager(
    both: Deliveries, main: RunningAlertmanager, security: RunningAlertmanager
) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="security", tenant="audit")))

    both.send()

    assert (len(both.live(main.url)), len(both.live(security.url))) == (0, 1)


def test_class_with_another_severity_resolves_the_old_alert(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    both.send()
    [alert] = both.live(main.url)
    with AlertmanagerClient(main.url) as client:
        old = (alert.labels - {("severity", CHUNK_MISSING.severity.value)}) | {("severity", Severity.WARNING.value)}
        client.send([Alert(old, {}, NOW, NOW + timedelta(hours=1))])

    both.send()

    assert [live.labels for live in both.live(main.url)] == [alert.labels]


def test_alertmanager_that_lost_its_data_gets_every_alert_again_with_its_start(tmp_path: Path) -> None:
    began = NOW - timedelta(hours=3)
    with alertmanager(tmp_path / "am") as running:
        local = Deliveries(tmp_path, standard=(running.url,))
        local.found((CHUNK_MISSING, local.subject(cluster="main")), at=began)
        local.send()
        running.kill()
        running.start()

        local.send()

        assert [alert.starts_at for alert in local.live(running.url)] == [began]


def test_alertmanager_that_is_away_is_a_finding_and_gets_the_alert_late(tmp_path: Path) -> None:
    with alertmanager(tmp_path / "am") as running:
        local = Deliveries(tmp_path, standard=(running.url,))
        local.found((CHUNK_MISSING, local.subject(cluster="main")))
        running.kill()

        away = local.send()
        running.start()
        back = local.send(NOW + timedelta(minutes=5))

        assert [finding.cls.name for finding in away.findings] == ["alerts-undelivered"]
        assert away.findings[0].message == (
            f"listing alerts at {running.url}: Connection refused. Is Alertmanager running there?"
        )
        assert back.findings == ()
        assert len(local.live(running.url)) == 1


def test_replica_that_is_away_does_not_keep_the_other_from_being_told(
    tmp_path: Path, main: RunningAlertmanager
) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    pair = Deliveries(tmp_path, standard=(away, main.url))
    pair.found((CHUNK_MISSING, pair.subject(cluster="main")))

    [finding] = pair.send().findings

    assert finding.message.endswith(f"{main.url} got them.")
    assert len(pair.live(main.url)) == 1


def test_alertmanager_that_answers_500_is_a_finding_with_its_answer(tmp_path: Path) -> None:
    with http_server([(500, b'"the disk is full"')]) as broken:
        local = Deliveries(tmp_path, standard=(broken.url,))
        local.found((CHUNK_MISSING, local.subject(cluster="main")))

        [finding] = local.send().findings

    assert finding.message == f'listing alerts at {broken.url}: Alertmanager answered 500: "the disk is full"'


def test_environment_without_an_alertmanager_says_that_nobody_is_told(tmp_path: Path) -> None:
    local = Deliveries(tmp_path)
    local.found((CHUNK_MISSING, local.subject(cluster="main")))

    delivery = local.send()

    [finding] = delivery.findings
    assert delivery.headline == f"{finding.message} 0 alerts, 0 resolved."
    assert finding.message == "alerts.standard.urls names no Alertmanager, so nobody is told about 1 finding."


def test_ten_thousand_findings_are_delivered_as_101_alerts(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found(*((CHUNK_MISSING, both.subject(cluster="main", table=f"loki_index_{n}")) for n in range(10_000)))

    both.send()

    assert len(both.live(main.url)) == 101


def test_alert_links_to_its_finding_also_where_alertmanager_links_to_the_source(
    both: Deliveries, main: RunningAlertmanager
) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))

    deliver(both.platform, both.store, NOW, lambda line: None, airflow_url="https://airflow.example.com")

    ours_only = {"filter": f'environment="{both.name}"'}
    [alert] = requests.get(f"{main.url}/api/v2/alerts", params=ours_only, timeout=10).json()
    assert alert["generatorURL"] == alert["annotations"]["page"]
    assert alert["annotations"]["page"].startswith(f"https://airflow.example.com/logops-page/{both.name}#finding=")


def test_silenced_alert_names_its_silence(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    both.send()

    with AlertmanagerClient(main.url) as client:
        matchers = (*ours(both.platform.environment), Matcher("alertname", "chunk-missing"))
        name = client.set_silence(Silence(matchers, NOW, NOW + timedelta(hours=1), "ada", "we know"))

        assert [alert.silenced_by for alert in both.live(main.url)] == [(name,)]


def test_delivery_stores_the_silences_that_it_saw(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    both.send()
    until = NOW + timedelta(hours=2)
    matchers = (Matcher("environment", both.name), Matcher("alertname", "chunk-missing"))
    with AlertmanagerClient(main.url) as client:
        client.set_silence(Silence(matchers, NOW, until, "ada", "known"))

    both.send()

    delivery = read_last_delivery(both.store, both.name)
    assert delivery is not None
    assert delivery.mutes == (Mute("standard", '1 alert silenced by ada: known (alertname="chunk-missing")', until),)


def test_alert_of_an_accepted_finding_is_resolved_and_the_finding_stays_open(
    both: Deliveries, main: RunningAlertmanager
) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    both.send()
    write_acceptance(both.store, accept("chunk-missing", both.subject(), "ada", "test data", timedelta(days=30), NOW))

    both.send()

    [state] = [state for state in read_open(both.store, both.name, NOW) if state.run.check == "retention-audit"]
    assert (both.live(main.url), len(state.open)) == ([], 1)


def test_finding_that_begins_during_a_rollout_becomes_an_alert_after_the_grace_with_its_start(
    both: Deliveries, main: RunningAlertmanager
) -> None:
    silent = REGISTRY["source-silent"]
    both.found((silent, both.subject(cluster="main", source="syslog")), at=NOW - timedelta(hours=2))
    both.platform.owner, both.platform.owner_since = "a-rollout", NOW - timedelta(minutes=30)
    both.found(
        (silent, both.subject(cluster="main", source="syslog")),
        (silent, both.subject(cluster="main", source="access")),
        at=NOW - timedelta(minutes=20),
    )

    during = both.send()
    told_during = {dict(alert.labels).get("source", "the rollout") for alert in both.live(main.url)}
    muted = read_muted(both.platform, both.store, "standard", NOW)
    ended = RolloutResult(both.name, RolloutOutcome.ROLLED_OUT, {}, ("loki",), {})
    write_record(both.store, RolloutRecord(ended, "r1", NOW - timedelta(minutes=30), "d", None, ended_at=NOW))
    both.platform.owner = None
    soon = both.send(NOW + timedelta(minutes=44))
    late = both.send(NOW + timedelta(minutes=46))

    assert (during.headline, soon.muted, late.muted) == ("1 alert, 0 resolved, 1 muted by a rollout.", 1, 0)
    assert told_during == {"syslog", "the rollout"}
    assert [(row.subject.rpartition(" ")[2], row.told[:24]) for row in muted] == [
        ("source=access", "nobody: the rollout that")
    ]
    assert NOW - timedelta(minutes=20) in {alert.starts_at for alert in both.live(main.url)}


def test_alert_of_prometheus_that_a_rollout_may_cause_tells_nobody_until_the_rollout_has_ended(tmp_path: Path) -> None:
    config = yaml.safe_dump(alertmanager_config(Alertmanager(), "secrets"))
    with alertmanager(tmp_path / "am", config) as running, AlertmanagerClient(running.url) as client:
        local = Deliveries(tmp_path, standard=(running.url,))
        local.platform.owner, local.platform.owner_since = "a-rollout", NOW - timedelta(minutes=6)
        down, missing, finding, elsewhere = (
            of_prometheus("process-down", local.name),
            of_prometheus("canary-missing", local.name),
            of_prometheus("process-down", local.name, sender="logops-test"),
            of_prometheus("process-down", "elsewhere"),
        )
        client.send([Alert(each, {}, NOW, NOW + timedelta(hours=1)) for each in (down, missing, finding, elsewhere)])

        def inhibited() -> set[LabelSet]:
            return {alert.labels for alert in client.alerts() if alert.inhibited_by}

        during = local.send()
        becomes_true(lambda: inhibited() == {down}, 20)
        muted = inhibited()
        [row] = [row for row in read_active(local.platform, "standard") if row.quiet]
        local.platform.owner = None
        after = local.send(datetime.now(UTC))
        becomes_true(lambda: not inhibited(), 20)

        assert muted == {down}
        assert row.told == "nobody: a rollout may cause it"
        assert inhibited() == set()
        assert (during.headline, after.headline) == ("0 alerts, 0 resolved.", "0 alerts, 0 resolved.")


def of_prometheus(name: str, environment_name: str, sender: str = "prometheus") -> LabelSet:
    severity = REGISTRY[name].severity.value
    return frozenset(
        {("alertname", name), ("environment", environment_name), ("severity", severity), ("sender", sender)}
    )


def test_silence_ends_with_its_id(both: Deliveries, main: RunningAlertmanager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logops.cli.alerts.readable", lambda name: both.platform)
    asked = ["alerts", "silence", both.name, "chunk-missing", "--for", "1h", "--why", "we know"]
    made = CliRunner().invoke(app, asked).stdout.rstrip(". \n").rpartition(" ")[2]

    ended = CliRunner().invoke(app, ["alerts", "silence", both.name, "--end", made])
    again = CliRunner().invoke(app, ["alerts", "silence", both.name, "--end", made])

    assert (ended.exit_code, ended.stdout.startswith("Ended: the silence of ")) == (0, True)
    assert (again.exit_code, "it has no such silence that is in force." in " ".join(again.stderr.split())) == (1, True)


def test_result_file_that_is_cut_resolves_nothing_and_is_an_alert_until_the_next_run(
    both: Deliveries, main: RunningAlertmanager, tmp_path: Path
) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")), at=NOW - timedelta(hours=2))
    both.found(at=NOW - timedelta(hours=1))
    newest = max(tmp_path.rglob("*.parquet"), key=lambda file: file.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:50])
    written = (NOW - timedelta(hours=1)).timestamp()
    os.utime(newest, (written, written))

    both.send()
    told = {dict(alert.labels)["alertname"] for alert in both.live(main.url)}
    both.found()
    both.send()

    assert told == {"chunk-missing", "results-unreadable"}
    assert both.live(main.url) == []


def test_damaged_acceptance_is_an_alert_with_its_file_and_accepts_nothing(
    both: Deliveries, main: RunningAlertmanager, tmp_path: Path
) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    write_acceptance(both.store, accept("chunk-missing", both.subject(), "ada", "test data", timedelta(days=30), NOW))
    [file] = tmp_path.rglob("accepted-findings/*/*.parquet")
    file.write_text("not a table")

    [finding] = both.send().findings

    assert finding.message.startswith(
        f"The result file accepted-findings/{file.parent.name}/{file.name} cannot be read"
    )
    assert {dict(alert.labels)["alertname"] for alert in both.live(main.url)} == {"chunk-missing", "results-unreadable"}


def test_replica_that_hangs_is_a_finding_and_the_other_one_is_told(tmp_path: Path, main: RunningAlertmanager) -> None:
    with alertmanager(tmp_path / "am") as hanging:
        pair = Deliveries(tmp_path, standard=(hanging.url, main.url))
        pair.found((CHUNK_MISSING, pair.subject(cluster="main")))
        hanging.suspend()

        [finding] = pair.send().findings

    assert finding.message == (
        f"listing alerts at {hanging.url}: no answer within the time allowed. Is the address right? "
        f"{main.url} got them."
    )
    assert len(pair.live(main.url)) == 1


def test_clock_that_was_set_back_keeps_the_alert_of_the_newest_run(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found(at=NOW - timedelta(hours=1))
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    both.send()

    both.send(NOW - timedelta(minutes=5))

    assert len(both.live(main.url)) == 1


def test_run_for_a_later_day_changes_no_alert_today(both: Deliveries, main: RunningAlertmanager) -> None:
    both.found((CHUNK_MISSING, both.subject(cluster="main")))
    both.found(at=NOW + timedelta(days=30))

    both.send()

    assert len(both.live(main.url)) == 1
