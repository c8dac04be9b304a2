"""Render Alertmanager's configuration: whom it tells about which alerts.

Format: prometheus.io/docs/alerting/latest/configuration. Alertmanager reads no variables, so secrets are files.
"""

from collections.abc import Iterator
from typing import Any

from logops.environment.alerts import Alertmanager, Receiver, Route
from logops.environment.base import SecretRef
from logops.environment.cluster import Data
from logops.environment.model import Environment
from logops.findings.causes import EXPLANATIONS, ROLLOUT_MAY_CAUSE, ROLLOUT_RUNNING, Explanation
from logops.render import notification

NOBODY = "nobody"
"""The receiver that tells nobody."""
_GROUP_BY = ["environment", "alertname", "cluster", "tenant"]
"""Alerts with the same values are one notification."""
_FROM_PROMETHEUS = 'sender="prometheus"'
"""As `render.prometheus` labels its alerts. Findings that a rollout causes are not sent (`alerts.rollouts`)."""


def alertmanager_config(alertmanager: Alertmanager, secrets: str) -> dict[str, Any]:
    """Return the configuration of an Alertmanager.

    secrets   folder of the secrets, one file for each, with the name of its variable
    """
    repeat = alertmanager.repeat.go
    return {
        "route": {
            "receiver": alertmanager.receiver or NOBODY,
            "group_by": _GROUP_BY,
            "group_wait": alertmanager.group_wait.go,
            "group_interval": alertmanager.group_interval.go,
            "repeat_interval": repeat,
            "routes": [
                {"receiver": NOBODY, "matchers": [f'alertname="{ROLLOUT_RUNNING}"']},
                *(_route(route) for route in alertmanager.routes),
            ],
        },
        "inhibit_rules": [*(_inhibit_rule(explanation) for explanation in EXPLANATIONS), _rollout_rule()],
        "receivers": [
            {"name": NOBODY},
            *(
                {"name": name, **_receiver(receiver, secrets)}
                for name, receiver in sorted(alertmanager.receivers.items())
            ),
        ],
    }


def secrets_of(alertmanager: Alertmanager) -> Iterator[tuple[str, SecretRef]]:
    """Yield the secrets that an Alertmanager needs, each with the name of its receiver."""
    for name, receiver in alertmanager.receivers.items():
        if receiver.webhook and isinstance(receiver.webhook.url, SecretRef):
            yield name, receiver.webhook.url
        if receiver.email and receiver.email.password:
            yield name, receiver.email.password
        if receiver.slack:
            yield name, receiver.slack.url
        if receiver.teams:
            yield name, receiver.teams.url
        if receiver.pagerduty:
            yield name, receiver.pagerduty.routing_key


def login_secret(alertmanager: Alertmanager) -> tuple[str, SecretRef] | None:
    """Return the secret of the login to an Alertmanager, with its key in the environment file; None: it needs none."""
    if alertmanager.basic_auth:
        return "basic_auth.password", alertmanager.basic_auth.password
    return ("bearer_token", alertmanager.bearer_token) if alertmanager.bearer_token else None


def login_settings(alertmanager: Alertmanager, secrets: str) -> dict[str, Any]:
    """Return the login to an Alertmanager as Prometheus' configuration has it.

    secrets   folder of the secrets, one file for each, with the name of its variable
    """
    if alertmanager.basic_auth:
        login = alertmanager.basic_auth
        password_file = f"{secrets}/{login.password.variable}"
        return {"basic_auth": {"username": login.username, "password_file": password_file}}
    if alertmanager.bearer_token:
        token_file = f"{secrets}/{alertmanager.bearer_token.variable}"
        return {"authorization": {"type": "Bearer", "credentials_file": token_file}}
    return {}


def alerting_secrets(environment: Environment) -> Iterator[tuple[str, SecretRef]]:
    """Yield the secrets that the local platform keeps for alerts, each with its path in the environment file."""
    for audience, declared in alertmanagers(environment).items():
        if not declared.urls:
            for receiver, ref in secrets_of(declared):
                yield f"alerts.{audience}.receivers.{receiver}", ref
        if login := login_secret(declared):
            yield f"alerts.{audience}.{login[0]}", login[1]


def alertmanagers(environment: Environment) -> dict[Data, Alertmanager]:
    """Return the Alertmanagers of an environment. There is one for security only if there is a security cluster."""
    has_security = any(cluster.data == "security" for cluster in environment.clusters.values())
    alerts = environment.alerts
    return {"standard": alerts.standard, **({"security": alerts.security} if has_security else {})}


def own_alertmanagers(environment: Environment) -> dict[Data, Alertmanager]:
    """Return the Alertmanagers that logops runs: those for which the environment names no address.

    On Kubernetes it runs them only if the environment names their chart.
    """
    if environment.platform.kind == "kubernetes" and environment.platform.charts.alertmanager is None:
        return {}
    return {audience: declared for audience, declared in alertmanagers(environment).items() if not declared.urls}


def _route(route: Route) -> dict[str, Any]:
    matchers = {"severity": route.severities, "team": route.teams, "alertname": route.classes}
    return {
        "receiver": route.receiver,
        "matchers": [_one_of(label, values) for label, values in matchers.items() if values],
        **({"repeat_interval": route.repeat.go} if route.repeat else {}),
    }


def _inhibit_rule(explanation: Explanation) -> dict[str, Any]:
    """Return the rule that tells nobody about a consequence while its cause is an active alert."""
    return {
        "source_matchers": [
            _one_of("alertname", explanation.causes),
            # For Alertmanager, a label that both lack is equal.
            *(f'{part}!=""' for part in explanation.same),
        ],
        "target_matchers": [_one_of("alertname", explanation.consequences)],
        "equal": list(explanation.same),
    }


def _rollout_rule() -> dict[str, Any]:
    """Return the rule that mutes alerts of Prometheus that a rollout may cause while one runs."""
    return {
        "source_matchers": [f'alertname="{ROLLOUT_RUNNING}"', 'environment!=""'],
        "target_matchers": [_one_of("alertname", tuple(sorted(ROLLOUT_MAY_CAUSE))), _FROM_PROMETHEUS],
        "equal": ["environment"],
    }


def _one_of(label: str, values: tuple[str, ...]) -> str:
    """Return a matcher for a label with one of these values."""
    pattern = "|".join(map(_quoted, values))
    return f'{label}=~"{pattern}"'


def _quoted(value: str) -> str:
    """Return a text that a regular expression (RE2) in quotes matches literally."""
    escaped = "".join(f"\\{letter}" if letter in r"\.+*?()|[]{}^$" else letter for letter in value)
    return escaped.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _receiver(receiver: Receiver, secrets: str) -> dict[str, Any]:
    def file(secret: SecretRef) -> str:
        return f"{secrets}/{secret.variable}"

    if receiver.webhook:
        url = receiver.webhook.url
        return {"webhook_configs": [{"url_file": file(url)} if isinstance(url, SecretRef) else {"url": url}]}
    if receiver.email:
        mail = receiver.email
        login = {"auth_username": mail.username, "auth_password_file": file(mail.password)} if mail.password else {}
        return {
            "email_configs": [
                {
                    "to": ", ".join(mail.to),
                    "from": mail.sender,
                    "smarthost": mail.server,
                    "require_tls": mail.tls,
                    "send_resolved": True,
                    **notification.email(),
                    **login,
                }
            ]
        }
    if receiver.slack:
        return {
            "slack_configs": [
                {
                    "api_url_file": file(receiver.slack.url),
                    "channel": receiver.slack.channel,
                    "send_resolved": True,
                    **notification.slack(),
                }
            ]
        }
    if receiver.teams:
        return {"msteamsv2_configs": [{"webhook_url_file": file(receiver.teams.url), **notification.teams()}]}
    assert receiver.pagerduty  # A receiver has exactly one kind.
    return {
        "pagerduty_configs": [{"routing_key_file": file(receiver.pagerduty.routing_key), **notification.pagerduty()}]
    }
