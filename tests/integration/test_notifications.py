"""The notifications that a real Alertmanager sends: what a person reads in a mail, in Slack, in Teams, in
PagerDuty."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import yaml

from logops.alerts.from_finding import annotations, labels, links
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.model import Alert
from logops.environment.alerts import Alertmanager
from logops.findings import Finding, FindingClass, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING, INDEX_CORRUPT, TIER_TOO_WARM
from logops.findings.classes.quality import SOURCE_SILENT
from logops.render.alertmanager import alertmanager_config
from tests.support.alertmanagers import RunningAlertmanager, alertmanager
from tests.support.environments import environment
from tests.support.http_servers import Recording, http_server
from tests.support.mail_server import Mailbox, mail_server
from tests.support.waiting import wait_for

LOCAL = environment("local")
SINCE = datetime(2026, 11, 28, 3, 7, tzinfo=UTC)
HOSTILE = "application is silent <!channel> <https://evil.example|fix> <b>x</b> [fix](https://evil.example) & {{ .x }}"
MAIL, SLACK, TEAMS, PAGER = CHUNK_MISSING, SOURCE_SILENT, TIER_TOO_WARM, INDEX_CORRUPT
"""The class whose alerts each receiver gets."""


@dataclass
class Told:
    """An Alertmanager, and what its receivers got."""

    alertmanager: RunningAlertmanager
    mailbox: Mailbox
    slack: Recording
    teams: Recording
    pager: Recording

    def alert(self, cls: FindingClass, tenant: str, message: str, is_over: bool = False, **parts: str) -> None:
        """Send an alert. Tests use different tenants: each is a notification of its own."""
        finding = Finding(cls, Subject("local", "main", tenant, **parts), message, SINCE, {"chunks": 1})
        texts = {
            **annotations(finding, Run("local", "retention-audit", "run", SINCE)),
            **links(finding, "https://airflow.example.com"),
        }
        end = datetime.now(UTC) + timedelta(hours=-1 if is_over else 1)
        with AlertmanagerClient(self.alertmanager.url) as client:
            client.send([Alert(labels(cls, finding.subject, LOCAL), texts, SINCE, end)])

    def mail(self, tenant: str, status: str = "CRITICAL") -> EmailMessage:
        """Wait for the mail about a tenant."""

        def wanted() -> list[EmailMessage]:
            subjects = re.compile(rf"^{status} .* {tenant}$")
            return [mail for mail in self.mailbox.mails if subjects.match(mail["Subject"])]

        wait_for(lambda: bool(wanted()), state=lambda: [mail["Subject"] for mail in self.mailbox.mails])
        return wanted()[0]

    def posted(self, to: Recording, tenant: str) -> Any:
        """Wait for the JSON about a tenant."""

        def wanted() -> list[Any]:
            return [json.loads(each.body) for each in to.received if f" {tenant}" in each.body.decode()]

        wait_for(lambda: bool(wanted()))
        return wanted()[0]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("notifications")
    with (
        mail_server() as mailbox,
        http_server([(200, b"ok")]) as slack,
        http_server([(202, b"1")]) as teams,
        http_server([(202, b"{}")]) as pager,
    ):
        declared = Alertmanager.model_validate(
            {
                "group_wait": "0s",
                "group_interval": "1s",
                "receivers": {
                    "mail": {
                        "email": {
                            "to": ["on-call@example.com"],
                            "sender": "logops@example.com",
                            "server": mailbox.address,
                            "tls": False,
                        }
                    },
                    "slack": {"slack": {"url": {"env": "SLACK"}, "channel": "#logs"}},
                    "teams": {"teams": {"url": {"env": "TEAMS"}}},
                    "pager": {"pagerduty": {"routing_key": {"env": "PAGER"}}},
                },
                "routes": [
                    {"receiver": "mail", "classes": [MAIL.name]},
                    {"receiver": "slack", "classes": [SLACK.name]},
                    {"receiver": "teams", "classes": [TEAMS.name]},
                    {"receiver": "pager", "classes": [PAGER.name]},
                ],
            }
        )
        (folder / "SLACK").write_text(slack.url)
        (folder / "TEAMS").write_text(teams.url)
        (folder / "PAGER").write_text("routing-key")
        config = alertmanager_config(declared, str(folder))
        # Real incidents go to a fixed address of PagerDuty.
        (receiver,) = (receiver for receiver in config["receivers"] if "pagerduty_configs" in receiver)
        receiver["pagerduty_configs"][0]["url"] = pager.url
        with alertmanager(folder / "running", yaml.safe_dump(config, sort_keys=False)) as running:
            yield Told(running, mailbox, slack, teams, pager)


def plain(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


def html(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part
    return str(part.get_content())


def test_mail_says_what_since_when_and_what_to_do(told: Told) -> None:
    told.alert(MAIL, "canary", "1 chunk of day 2026-11-08 is missing.", table="loki_index_20765")

    mail = told.mail("canary")

    assert mail["Subject"] == "CRITICAL chunk-missing: local main canary"
    finding = Finding(MAIL, Subject("local", "main", "canary", "loki_index_20765"), "", SINCE)
    assert plain(mail).strip() == (
        "1 chunk of day 2026-11-08 is missing.\n"
        "Since: 2026-11-28 03:07 UTC\n"
        "Table: loki_index_20765\n"
        "Team: log-platform\n"
        f"What to do: {MAIL.remedy}\n"
        f"Page: https://airflow.example.com/logops-page/local#finding={finding.id}\n"
        "Runbook: https://airflow.example.com/logops/docs/findings.md#chunk-missing"
    )


def test_mail_about_many_findings_describes_five_and_counts_all(told: Told) -> None:
    for number in range(8):
        told.alert(MAIL, "platform", f"chunk {number} is missing.", table=f"loki_index_{number}")

    wait_for(lambda: any("(8)" in mail["Subject"] for mail in told.mailbox.mails))
    mail = next(mail for mail in told.mailbox.mails if "(8)" in mail["Subject"])
    assert mail["Subject"] == "CRITICAL chunk-missing (8): local main platform"
    assert plain(mail).count("is missing.") == 5
    assert "And more: 8 findings in all. Every one is on the page." in plain(mail)


def test_mail_about_a_fault_that_is_gone_says_from_when_to_when(told: Told) -> None:
    told.alert(MAIL, "application", "1 chunk is missing.")
    told.mail("application")
    told.alert(MAIL, "application", "1 chunk is missing.", is_over=True)

    mail = told.mail("application", "RESOLVED")

    assert mail["Subject"] == "RESOLVED chunk-missing: local main application"
    assert plain(mail).startswith("Resolved: 1 chunk is missing.\nIt was there from 2026-11-28 03:07 UTC to ")


def test_hostile_text_in_a_mail_is_no_markup(told: Told) -> None:
    told.alert(MAIL, "hostile", HOSTILE)

    text = html(told.mail("hostile"))

    assert "<b>x</b>" not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert 'href="https://evil.example' not in text


def test_slack_message_says_what_since_when_and_what_to_do(told: Told) -> None:
    told.alert(SLACK, "application", "application has delivered no line for 3 minutes.", source="application")

    (attachment,) = told.posted(told.slack, "application")["attachments"]

    assert attachment["title"] == "ERROR source-silent: local main application"
    assert attachment["text"].splitlines()[:4] == [
        "application has delivered no line for 3 minutes.",
        "Since: 2026-11-28 03:07 UTC",
        "Source: application",
        "Team: shop",
    ]
    assert attachment["title_link"].startswith("https://airflow.example.com/logops-page/local#finding=")


def test_hostile_text_in_slack_mentions_nobody_and_links_nowhere(told: Told) -> None:
    told.alert(SLACK, "hostile", HOSTILE)

    (attachment,) = told.posted(told.slack, "hostile")["attachments"]

    assert "&lt;!channel&gt; &lt;https://evil.example|fix&gt;" in attachment["text"]
    assert "&amp; {{ .x }}" in attachment["text"]
    assert "<" not in attachment["text"]


def test_hostile_text_in_teams_links_nowhere(told: Told) -> None:
    told.alert(TEAMS, "hostile", HOSTILE)

    message = json.dumps(told.posted(told.teams, "hostile"))

    assert "[fix] (https://evil.example)" in message
    assert "[fix](" not in message


@pytest.mark.parametrize(("tenant", "text"), [("hostile", HOSTILE), ("yaml", "key: {{ .x }}")])
def test_incident_in_pagerduty_with_hostile_text_has_the_text_as_it_is(told: Told, tenant: str, text: str) -> None:
    """PagerDuty shows details as plain text."""
    told.alert(PAGER, tenant, text)

    event = told.posted(told.pager, tenant)

    assert event["payload"]["summary"] == f"{PAGER.severity.name} {PAGER.name}: local main {tenant}"
    assert event["payload"]["severity"] == PAGER.severity.value
    assert event["payload"]["custom_details"]["findings"].splitlines()[0] == f"\t{text}"
