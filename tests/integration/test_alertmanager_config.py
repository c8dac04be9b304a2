"""The rendered configuration of Alertmanager, checked by its own program."""

import itertools
import subprocess
from pathlib import Path

import yaml

from logops.alerts.routing import receiver_of
from logops.environment.alerts import Alertmanager
from logops.render.alertmanager import NOBODY, alertmanager_config
from logops.toolchain import command

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
        "alertname": ("source-silent", "chunk-missing"),
    }
    labels = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]

    ours = [receiver_of(EVERY_KIND, each) or NOBODY for each in labels]

    assert ours == [_receiver(file, each) for each in labels]


def _receiver(file: Path, labels: dict[str, str]) -> str:
    quoted = ['{}="{}"'.format(name, value.replace('"', '\\"')) for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={file}", *quoted).stdout.strip()
