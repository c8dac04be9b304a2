"""Every key of an environment file is read by something: a key without effect misleads whoever sets it."""

import ast
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from logops.environment import Environment
from logops.environment.base import Model
from tests.support.environments import environment, rendered, rendered_on_kubernetes
from tests.support.every_source import every_source, sources_for_fluent_bit

PACKAGE = Path(__file__).parents[3] / "plugins/logops"
Key = tuple[str, str]
"""The name of a model, and of its field."""

READ_BY: dict[str, str] = {
    "Agent.metrics_url": "platforms",
    "Alerts.grace": "checks",
    "Alerts.rollout_grace": "alerts",
    "ApprovalPolicy": "rollout",
    "ApprovalPolicy.timeout": "airflow",
    "Audit": "audit",
    "ContentAudit": "audit",
    "Benchmark": "benchmark",
    "Environment.approval": "rollout",
    "Environment.audit": "audit",
    "Environment.benchmark": "benchmark",
    "Environment.description": "report",
    "Environment.page": "report",
    "Environment.prices": "usage",
    "Environment.quality": "quality",
    "Environment.results": "platforms",
    "EventHubSource": "quality",
    "Expect": "quality",
    "FileSource": "quality",
    "Inventory": "audit",
    "JournalSource": "quality",
    "KubernetesPlatform.azure_connection": "airflow",
    "KubernetesPlatform.connection": "airflow",
    "Page": "report",
    "PodSource": "quality",
    "Quality": "quality",
    "Quality.interval": "checks",
    "Rate": "quality",
    "SyslogSource": "quality",
}
"""Keys that no render reads -> the package that does. A model stands for all its keys."""

FOR_PEOPLE = {"Tenant.description"}
"""For whoever reads the file."""


def with_receivers_and_terraform() -> Environment:
    secret = {"env": "SECRET"}
    mail = {
        "to": ["a@example.com"],
        "sender": "b@example.com",
        "server": "mail:25",
        "username": "u",
        "password": secret,
    }
    receivers = {
        "mail": {"email": mail},
        "hook": {"webhook": {"url": secret}},
        "slack": {"slack": {"url": secret, "channel": "#logs"}},
        "teams": {"teams": {"url": secret}},
        "duty": {"pagerduty": {"routing_key": secret}},
    }
    chart = {"source": "/charts/alertmanager", "version": "1.42.0"}
    routes = [{"receiver": "mail", "severities": ["error"], "teams": ["shop"], "classes": ["chunk-missing"]}]
    return environment(
        "production",
        ("platform.charts", {"alertmanager": chart}),
        ("platform.metrics", {"image": "registry.example.com/logops:1", "workload_identity_client_id": "id"}),
        ("alerts.standard", {"receivers": receivers, "routes": routes}),
        ("storage_accounts.monitoring.network", {"addresses": ["203.0.113.7"]}),
        ("storage_accounts.monitoring.location", "eastus2"),
        ("storage_accounts.monitoring.managed_by", "terraform"),
    )


def with_fluent_bit() -> Environment:
    archive = {"storage_account": "monitoring", "container": "system-logs", "sas_token": {"env": "SAS"}}
    sources = sources_for_fluent_bit()
    agent = {"kind": "fluent-bit", "sources": [*sources], "buffer": {"disk": "1GiB"}, "tls": {"ca_file": "/ca.pem"}}
    agents = {"loki": agent, "raw": {**agent, "archive": archive}}
    return environment("production", ("sources", sources), ("agents", agents))


def models(annotation: Any, found: set[type[Model]]) -> set[type[Model]]:
    """Return the models of a type and of its fields."""
    if isinstance(annotation, type) and issubclass(annotation, Model) and annotation not in found:
        found.add(annotation)
        for field in annotation.model_fields.values():
            models(field.annotation, found)
    for argument in typing.get_args(annotation):
        models(argument, found)
    return found


def declared_keys() -> Iterator[Key]:
    """Yield every key, but those that only choose a model (`kind: promtail`)."""
    for model in models(Environment, set()):
        for name, field in model.model_fields.items():
            if not (typing.get_origin(field.annotation) is Literal and len(typing.get_args(field.annotation)) == 1):
                yield model.__name__, name


@pytest.fixture
def read_by_renders(monkeypatch: pytest.MonkeyPatch) -> set[Key]:
    """The keys that are read when environments with every feature are rendered."""
    environments = [environment("production"), every_source("alloy", redact_secrets=True), every_source("promtail")]
    environments += [with_receivers_and_terraform(), with_fluent_bit()]
    local, seen = environment("local"), set[Key]()

    def recording(self: Model, name: str) -> Any:
        seen.add((type(self).__name__, name))
        return object.__getattribute__(self, name)

    monkeypatch.setattr(Model, "__getattribute__", recording, raising=False)
    rendered(local)
    for declared in environments:
        rendered_on_kubernetes(declared)
    return seen


def is_read_in(package: str, attribute: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == attribute
        for file in (PACKAGE / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
    )


def test_every_key_is_read(read_by_renders: set[Key]) -> None:
    nobody_reads = []
    for model, name in sorted({*declared_keys()} - read_by_renders):
        package = READ_BY.get(f"{model}.{name}") or READ_BY.get(model)
        if f"{model}.{name}" not in FOR_PEOPLE and not (package and is_read_in(package, name)):
            nobody_reads.append(f"{model}.{name}")

    assert nobody_reads == []


def test_list_of_keys_that_no_render_reads_has_no_other_key(read_by_renders: set[Key]) -> None:
    unread = {*declared_keys()} - read_by_renders
    names = {model for model, _ in unread} | {f"{model}.{name}" for model, name in unread}

    assert (READ_BY.keys() | FOR_PEOPLE) - names == set()
