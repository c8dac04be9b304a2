"""The rendered configuration of Alertmanager, checked by its own program."""

import itertools
import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from logops.alerts.from_finding import labels
from logops.alerts.routing import receiver_of
from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.model import Alert, LabelSet
from logops.environment.alerts import Alertmanager
from logops.findings import Finding, Subject
from logops.findings.causes import EXPLANATIONS, cause_of
from logops.findings.classes import REGISTRY
from logops.render.alertmanager import NOBODY, alertmanager_config
from logops.toolchain import command
from tests.support.alertmanagers import alertmanager
from tests.support.environments import environment
from tests.support.waiting import becomes_true

LOCAL = environment("local")

EVERY_KIND = Alertmanager.model_validate(
    {
        "receivers": {
            "hook": {"webhook": {"url": "http://127.0.0.1:9/hook"}},
            "secret-hook": {"webhook": {"url": {"env": "HOOK_URL"}}},
            "mail": {
                "email": {
                    "to": ["a@example.com", "b@example.com"],
                    "sender": "logops@example.com",
                    "server": "smtp.example.com:587",
                    "username": "logops",
                    "password": {"connection": "smtp"},
                }
            },
            "slack": {"slack": {"url": {"env": "SLACK_URL"}, "channel": "#logs"}},
            "teams": {"teams": {"url": {"env": "TEAMS_URL"}}},
            "pager": {"pagerduty": {"routing_key": {"env": "PAGERDUTY_KEY"}}},
        },
        "routes": [
            {"receiver": "pager", "severities": ["critical"], "repeat": "4h"},
            {"receiver": "slack", "teams": ['shop "A" (EU)', "log.platform"], "classes": ["source-silent"]},
            {"receiver": "mail", "severities": ["error", "critical"], "teams": ["log-platform"]},
        ],
        "receiver": "hook",
    }
)


def written(folder: Path, alertmanager: Alertmanager) -> Path:
    (folder / "secrets").mkdir()
    for secret in ("HOOK_URL", "SLACK_URL", "TEAMS_URL", "PAGERDUTY_KEY", "LOGOPS_CONNECTION_SMTP"):
        (folder / "secrets" / secret).write_text("https://example.com/secret")
    file = folder / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(alertmanager_config(alertmanager, str(folder / "secrets")), sort_keys=False))
    return file


def amtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command("amtool"), *arguments], capture_output=True, text=True, check=False)


def test_configuration_with_every_kind_of_receiver_is_valid(tmp_path: Path) -> None:
    checked = amtool("check-config", str(written(tmp_path, EVERY_KIND)))

    assert checked.returncode == 0, checked.stderr


def test_configuration_contains_no_secret(tmp_path: Path) -> None:
    assert "example.com/secret" not in written(tmp_path, EVERY_KIND).read_text()


def test_alert_goes_to_the_receiver_that_amtool_names(tmp_path: Path) -> None:
    file = written(tmp_path, EVERY_KIND)
    values = {
        "severity": ("warning", "error", "critical"),
        "team": ("log-platform", "logXplatform", "log.platform", 'shop "A" (EU)'),
        "alertname": ("source-silent", "chunk-missing", "rollout-running"),
    }
    cases = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]

    ours = [receiver_of(EVERY_KIND, each) or NOBODY for each in cases]

    assert ours == [_receiver(file, each) for each in cases]


def _receiver(file: Path, labels: dict[str, str]) -> str:
    quoted = ['{}="{}"'.format(name, value.replace('"', '\\"')) for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={file}", *quoted).stdout.strip()


def test_alert_is_inhibited_exactly_if_its_cause_is_active(tmp_path: Path) -> None:
    # Each set of findings is in an environment of its own, so the sets do not explain each other.
    sets = [random_findings(f"e-{seed}", random.Random(seed)) for seed in range(60)]
    explained = {
        labels(finding.cls, finding.subject, LOCAL)
        for findings in sets
        for finding in findings
        if cause_of(finding, findings)
    }
    config = yaml.safe_dump(alertmanager_config(Alertmanager(), "secrets"))
    now = datetime.now(UTC)
    every = [labels(finding.cls, finding.subject, LOCAL) for findings in sets for finding in findings]

    with alertmanager(tmp_path, config) as running, AlertmanagerClient(running.url) as client:
        client.send([Alert(identity, {}, now, now + timedelta(hours=1)) for identity in every])

        def inhibited() -> set[LabelSet]:
            return {alert.labels for alert in client.alerts() if alert.inhibited_by}

        # Alertmanager takes up causes shortly after it accepted them.
        becomes_true(lambda: inhibited() == explained, 20)

        assert 20 < len(explained) < len(every)
        assert inhibited() == explained


def random_findings(environment_name: str, chance: random.Random) -> list[Finding]:
    """Return findings of causes, consequences and one class that is neither, about a few subjects."""
    names = [name for explanation in EXPLANATIONS for name in (*explanation.causes, *explanation.consequences)]
    findings = {}
    for _ in range(chance.randint(1, 12)):
        cls = REGISTRY[chance.choice([*names, "chunk-missing"])]
        parts = (chance.choice(("main", "b", "")), chance.choice(("a", "")), chance.choice(("t", "")))
        finding = Finding(cls, Subject(environment_name, *parts), "found", datetime(2026, 11, 28, tzinfo=UTC))
        findings[finding.identity] = finding
    return list(findings.values())
