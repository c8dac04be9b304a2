"""Which alerts should be active."""

from datetime import UTC, datetime, timedelta

import pytest

from logops.alerts.desired import HOLD, MOST_ALERTS, desired_alerts
from logops.alerts.overdue import overdue_checks
from logops.alerts.reconcile import to_send
from logops.checks.open_findings import OpenAfterRun
from logops.clients.alertmanager.model import Alert, LiveAlert
from logops.environment import Environment
from logops.findings import Finding, FindingClass, Run, Severity, Subject
from logops.findings.classes import REGISTRY
from logops.findings.history import OpenFinding
from tests.support.environments import environment

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
NIGHT = NOON.replace(hour=2)
LOST = FindingClass("chunk-lost", Severity.CRITICAL, "a chunk is lost", "logs are gone", "Run `logops status ENV`.")
NOTE = FindingClass("worth-knowing", Severity.INFO, "nothing", "nothing", "nothing")


@pytest.fixture(scope="module")
def local() -> Environment:
    return environment("local")


def found(
    cls: FindingClass = LOST, since: datetime = NIGHT, message: str = "3 chunks are lost.", **subject: str
) -> OpenFinding:
    return OpenFinding(Finding(cls, Subject("local", **subject), message, NIGHT), since)


def state(*open_findings: OpenFinding, check: str = "retention-audit", at: datetime = NIGHT) -> OpenAfterRun:
    return OpenAfterRun(Run("local", check, "scheduled", at), open_findings)


def test_finding_becomes_an_alert_with_class_subject_severity_and_team_as_labels(local: Environment) -> None:
    desired = desired_alerts([state(found(cluster="main", tenant="application"))], local, NOON)

    [alert] = desired["standard"].values()

    assert dict(alert.labels) == {
        "alertname": "chunk-lost",
        "cluster": "main",
        "environment": "local",
        "sender": "logops",
        "severity": "critical",
        "team": "log-platform",
        "tenant": "application",
    }


def test_alert_tells_what_was_found_and_what_to_do(local: Environment) -> None:
    [alert] = desired_alerts([state(found(cluster="main"))], local, NOON)["standard"].values()

    assert (alert.annotations["summary"], alert.annotations["remedy"]) == (
        "3 chunks are lost.",
        "Run `logops status local`.",
    )


def test_alert_links_to_the_runbook_and_to_its_finding_on_the_page(local: Environment) -> None:
    entry = found(cluster="main")

    desired = desired_alerts([state(entry)], local, NOON, airflow_url="https://airflow.example.com/a")

    [alert] = desired["standard"].values()
    assert (alert.annotations["runbook"], alert.annotations["page"]) == (
        "https://airflow.example.com/a/logops/docs/findings.md#chunk-lost",
        f"https://airflow.example.com/a/logops-page/local#finding={entry.finding.id}",
    )


def test_alert_of_many_findings_links_to_the_first_that_has_no_alert_of_its_own(local: Environment) -> None:
    many = [found(cluster="main", table=f"t-{n}", since=NIGHT + timedelta(seconds=n)) for n in range(102)]

    alerts = desired_alerts([state(*many)], local, NOON, airflow_url="https://a")["standard"].values()

    [rest] = [alert for alert in alerts if ("rest", "true") in alert.labels]
    assert rest.annotations["page"].endswith(many[MOST_ALERTS].finding.id)


def test_alert_starts_when_the_finding_was_first_reported(local: Environment) -> None:
    before = NIGHT - timedelta(days=3)

    [alert] = desired_alerts([state(found(cluster="main", since=before))], local, NOON)["standard"].values()

    assert alert.starts_at == before


def test_alert_lives_until_the_next_run_is_overdue(local: Environment) -> None:
    [alert] = desired_alerts([state(found(cluster="main"))], local, NOON)["standard"].values()

    assert alert.ends_at == NIGHT + timedelta(days=1, hours=2)


def test_alert_of_a_check_that_stopped_running_lives_on(local: Environment) -> None:
    month_later = NOON + timedelta(days=30)

    [alert] = desired_alerts([state(found(cluster="main"))], local, month_later)["standard"].values()

    assert alert.ends_at == month_later + HOLD


def test_finding_that_is_only_worth_knowing_is_no_alert(local: Environment) -> None:
    assert desired_alerts([state(found(NOTE, cluster="main"))], local, NOON)["standard"] == {}


def test_finding_of_a_source_is_for_its_owner() -> None:
    owned = environment("local", ("sources.application.owner", "shop-team"))

    [alert] = desired_alerts([state(found(source="application", cluster="main"))], owned, NOON)["standard"].values()

    assert dict(alert.labels)["team"] == "shop-team"


def test_two_checks_that_report_the_same_are_one_alert_since_the_earlier_time(local: Environment) -> None:
    early = NIGHT - timedelta(hours=5)

    desired = desired_alerts(
        [state(found(cluster="main", since=early)), state(found(cluster="main"), check="compaction-audit")],
        local,
        NOON,
    )

    [alert] = desired["standard"].values()
    assert alert.starts_at == early


@pytest.mark.parametrize(
    "subject",
    [
        {"cluster": "security", "tenant": "audit"},
        {"path": "security-ingester-0"},
        {"path": "storage_accounts.security.lifecycle"},
        {"path": "logopssecurity"},
        {"cluster": "a-cluster-that-was-removed"},
    ],
)
def test_finding_about_security_goes_to_the_security_alertmanager_only(
    local: Environment, subject: dict[str, str]
) -> None:
    desired = desired_alerts([state(found(**subject))], local, NOON)

    assert (len(desired["standard"]), len(desired["security"])) == (0, 1)


@pytest.mark.parametrize(
    ("cls", "path"),
    [
        ("check-overdue", "retention-audit"),
        ("results-unreadable", "findings/day=2026-11-28/local.retention-audit.run.parquet"),
        ("alerts-undelivered", "alerts.security.urls"),
    ],
)
def test_finding_about_logops_itself_goes_to_the_standard_alertmanager(local: Environment, cls: str, path: str) -> None:
    desired = desired_alerts([state(found(REGISTRY[cls], path=path, message=path))], local, NOON)

    assert (len(desired["standard"]), len(desired["security"])) == (1, 0)


def test_finding_whose_message_names_a_security_container_is_for_security(local: Environment) -> None:
    desired = desired_alerts([state(found(message="The container security-logs is public."))], local, NOON)

    assert (len(desired["standard"]), len(desired["security"])) == (0, 1)


def test_ten_thousand_findings_are_a_hundred_alerts_and_one_for_the_rest(local: Environment) -> None:
    many = [
        found(cluster="main", table=f"loki_index_{number:05}", since=NIGHT + timedelta(seconds=number))
        for number in range(10_000)
    ]

    alerts = desired_alerts([state(*many)], local, NOON)["standard"].values()

    [rest] = [alert for alert in alerts if ("rest", "true") in alert.labels]
    assert len(alerts) == MOST_ALERTS + 1
    assert rest.annotations["summary"].startswith("9,900 more findings of this class.")


def test_hostile_text_becomes_a_label_on_one_line_of_limited_length(local: Environment) -> None:
    [alert] = desired_alerts([state(found(cluster="main", path="a\n\x1b[31m" + "x" * 10_000))], local, NOON)[
        "standard"
    ].values()

    path = dict(alert.labels)["path"]
    assert (len(path), path.isprintable()) == (500, True)


def test_alert_that_should_not_stand_is_ended() -> None:
    gone = LiveAlert(frozenset({("alertname", "old")}), {"summary": "s"}, NIGHT, NOON + HOLD)

    assert to_send({}, [gone], NOON) == (Alert(gone.labels, gone.annotations, NIGHT, NOON),)


def test_alert_that_stands_is_sent_again(local: Environment) -> None:
    desired = desired_alerts([state(found(cluster="main"))], local, NOON)["standard"]
    live = [LiveAlert(labels, {}, NIGHT, NOON) for labels in desired]

    assert to_send(desired, live, NOON) == tuple(desired.values())


def test_check_that_did_not_run_is_overdue_after_its_interval_and_the_grace(local: Environment) -> None:
    runs = {
        "compaction-audit": NIGHT,
        "retention-audit": NIGHT,
        "tiering-audit": NIGHT,
        "queries": NIGHT - timedelta(days=1),
        "ingestion-quality": NOON - timedelta(minutes=20),
    }

    [finding] = overdue_checks(local, runs, None, (), NOON)

    assert (
        finding.message
        == "queries should have completed by 2026-11-28 04:00 UTC, and its last run was at 2026-11-27 02:00 UTC."
    )


def test_check_that_was_paused_is_not_overdue(local: Environment) -> None:
    runs = dict.fromkeys(("compaction-audit", "retention-audit", "tiering-audit", "ingestion-quality"), NOON)

    assert not list(overdue_checks(local, {**runs, "queries": NIGHT - timedelta(days=9)}, None, ("queries",), NOON))


def test_check_that_never_ran_is_overdue_a_while_after_the_first_rollout(local: Environment) -> None:
    overdue = [finding.subject.path for finding in overdue_checks(local, {}, NOON - timedelta(hours=1), (), NOON)]

    assert overdue == ["ingestion-quality"]


def test_environment_that_was_never_rolled_out_expects_no_check(local: Environment) -> None:
    assert not list(overdue_checks(local, {}, None, (), NOON))
