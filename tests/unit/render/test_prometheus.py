"""Tests of Prometheus' rendered configuration: what each audience sees, and complete rules."""

import json
from typing import Any

import yaml

from logops.findings.classes import REGISTRY
from logops.render.prometheus import prometheus_config
from tests.support.environments import PROMETHEUS_RULES, environment, programs, rendered, rendered_on_kubernetes

LOCAL = environment("local")


def instances(audience: str) -> set[str]:
    """Return the processes that the Prometheus of an audience scrapes."""
    files = rendered(LOCAL)
    groups = [
        group
        for stage in ("storage", "loki", "agents")
        for group in json.loads(files[stage][f"{stage}/targets/{audience}.json"])  # type: ignore[index]
    ]
    return {group["labels"]["instance"] for group in groups}


def rules(text: str) -> dict[str, Any]:
    """Return the alerts in a file of rules by name."""
    return {
        rule["alert"]: rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"] if "alert" in rule
    }


def test_every_process_with_metrics_is_scraped_by_the_prometheus_of_its_audience() -> None:
    without_metrics = {"azurite"}

    assert instances("standard") | instances("security") == programs(LOCAL).keys() - without_metrics
    assert instances("security") == {
        "alertmanager-security",
        "metrics",
        "prometheus-security",
        "promtail-security",
        "security-all-0",
    }
    assert instances("standard") & instances("security") == {"metrics"}


def test_metrics_of_security_findings_are_scraped_for_security_only() -> None:
    paths = {}
    for audience in ("standard", "security"):
        groups = json.loads(rendered(LOCAL)["storage"][f"storage/targets/{audience}.json"])
        [labels] = [group["labels"] for group in groups if group["labels"]["instance"] == "metrics"]
        paths[audience] = labels.get("__metrics_path__", "/metrics")

    assert paths == {"standard": "/metrics", "security": "/metrics/security"}


def test_prometheus_sends_alerts_to_the_alertmanager_of_its_audience_only() -> None:
    storage = rendered(LOCAL)["storage"]

    for audience in ("standard", "security"):
        (port,) = programs(LOCAL)[f"alertmanager-{audience}"].ports
        alerting = yaml.safe_load(storage[f"storage/prometheus/{audience}.yaml"])["alerting"]
        assert alerting["alertmanagers"] == [{"scheme": "http", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]


def test_alertmanager_below_a_path_is_configured_with_its_path() -> None:
    config = prometheus_config([], [], ["https://alerts.example.com/main"])

    assert config["alerting"]["alertmanagers"] == [
        {
            "scheme": "https",
            "path_prefix": "/main",
            "static_configs": [{"targets": ["alerts.example.com"]}],
        }
    ]


def test_additional_process_changes_targets_but_does_not_restart_prometheus() -> None:
    declared = environment("local", ("clusters.main.components.querier.replicas", 2))

    assert (
        rendered(declared)["loki"]["loki/targets/standard.json"]
        != rendered(LOCAL)["loki"]["loki/targets/standard.json"]
    )
    assert programs(declared)["prometheus"] == programs(LOCAL)["prometheus"]


def test_changed_rule_restarts_prometheus() -> None:
    declared = environment("local", ("alerts.team", "night-shift"))

    assert programs(declared)["prometheus"].digest != programs(LOCAL)["prometheus"].digest


def test_rendered_alert_has_severity_team_sender_remedy_and_runbook() -> None:
    declared = environment("local", ("alerts.airflow_url", "https://airflow.example.com"))
    alert = rules(rendered(declared)["storage"]["storage/prometheus/rules/loki.yaml"])["process-down"]

    assert alert["labels"] == {"severity": "error", "team": "log-platform", "sender": "prometheus"}
    assert alert["annotations"]["remedy"].startswith("`logops status local` shows why it does not run")
    assert alert["annotations"]["meaning"].startswith(REGISTRY["process-down"].meaning)
    assert alert["annotations"]["runbook"] == "https://airflow.example.com/logops/docs/findings.md#process-down"


def test_alert_with_a_remedy_of_its_own_has_it_with_the_name_of_the_environment() -> None:
    (group,) = yaml.safe_load(rendered(LOCAL)["storage"]["storage/prometheus/rules/logops.yaml"])["groups"]
    remedies = {rule["labels"].get("path"): rule["annotations"]["remedy"] for rule in group["rules"]}

    assert remedies["alerts"].startswith("Look at Airflow: do its scheduler")
    assert "`logops alerts send local` delivers" in remedies["alerts"]
    assert remedies["metrics"].startswith("Serve the metrics with `logops metrics local --serve 9100`")


def test_environment_on_kubernetes_has_the_same_rules_as_manifests() -> None:
    files = rendered_on_kubernetes(environment("production"))["storage"]
    manifests = {name: yaml.safe_load(text) for name, text in files.items() if "manifests" in name}
    found = {manifest["metadata"]["name"]: manifest["metadata"]["namespace"] for manifest in manifests.values()}

    assert found == {
        "logops-logops": "monitoring", "logops-loki": "monitoring",
        "logops-security-logops": "security-logs", "logops-security-loki": "security-logs",
    }  # fmt: skip
    assert {manifest["kind"] for manifest in manifests.values()} == {"PrometheusRule"}
    rendered_alerts = {
        rule["alert"]
        for manifest in manifests.values()
        for group in manifest["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert rendered_alerts == {alert.alert for file in PROMETHEUS_RULES.values() for alert in file.alerts}
