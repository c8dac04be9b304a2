"""Render Prometheus' configuration: what it scrapes, its rules, and the Alertmanagers that get its alerts.

There is a Prometheus for each audience, as there is an Alertmanager: a Prometheus that does not read the processes of
security clusters cannot send anything about them.

Format: prometheus.io/docs/prometheus/latest/configuration.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from logops.environment.cluster import Data
from logops.environment.model import Environment
from logops.findings import Subject
from logops.findings.classes import REGISTRY
from logops.findings.links import runbook_url
from logops.findings.remedy import filled_in
from logops.render.files import to_yaml
from logops.rules.prometheus import Alert, PrometheusRuleFile, PrometheusRules, Recording

SENDER = "prometheus"
"""The label `sender` of these alerts. Those of findings have another one, so no delivery ends them."""
INTERVAL = "15s"
"""Between two scrapes, and between two evaluations of the rules."""


@dataclass(frozen=True, slots=True)
class Target:
    """A process that Prometheus scrapes."""

    process: str
    component: str
    address: str
    """HOST:PORT."""
    audience: Data
    cluster: str = ""
    path: str = "/metrics"


def prometheus_config(
    rule_files: Iterable[Path],
    target_files: Iterable[Path],
    alertmanager_urls: Iterable[str],
    login: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the configuration of a Prometheus. It reads the files of targets again when they change.

    login   how it logs in to the Alertmanagers, as Prometheus writes it
    """
    return {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [str(file) for file in rule_files],
        "alerting": {"alertmanagers": [{**_alertmanager(url), **(login or {})} for url in alertmanager_urls]},
        "scrape_configs": [
            {
                "job_name": "logops",
                "file_sd_configs": [{"files": [str(file) for file in target_files], "refresh_interval": "30s"}],
            }
        ],
    }


def targets_text(environment: Environment, targets: Iterable[Target]) -> str:
    """Return a file of targets. The labels are those that the dashboards of Loki's mixin select by."""
    groups = [{"targets": [target.address], "labels": _labels(environment, target)} for target in targets]
    return json.dumps(groups, indent=1) + "\n"


def prometheus_rule_texts(environment: Environment, rules: PrometheusRules) -> dict[str, str]:
    """Return each file of rules, complete: with severity, team and what to do."""
    return {
        f"{name}.yaml": to_yaml(environment.name, {"groups": groups})
        for name, groups in prometheus_rule_groups(environment, rules).items()
    }


def prometheus_rule_groups(environment: Environment, rules: PrometheusRules) -> dict[str, list[dict[str, Any]]]:
    """Return the groups of each file of rules, as `prometheus_rule_texts` writes them."""
    return {name: list(_groups(environment, file)) for name, file in rules.items()}


def _alertmanager(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "scheme": parts.scheme,
        **({"path_prefix": parts.path} if parts.path else {}),
        "static_configs": [{"targets": [parts.netloc]}],
    }


def _labels(environment: Environment, target: Target) -> Mapping[str, str]:
    labels = {
        "environment": environment.name,
        "namespace": environment.name,
        "job": f"{environment.name}/{target.component}",
        "component": target.component,
        "container": target.component,
        "instance": target.process,
        "pod": target.process,
    }
    optional = {"cluster": target.cluster, "__metrics_path__": target.path if target.path != "/metrics" else ""}
    return {**labels, **{name: value for name, value in optional.items() if value}}


def _groups(environment: Environment, file: PrometheusRuleFile) -> Iterator[dict[str, Any]]:
    for group in file.groups:
        yield {"name": group.name, "rules": [_rule(environment, rule) for rule in group.rules]}


def _rule(environment: Environment, rule: Recording | Alert) -> dict[str, Any]:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expr}
    cls = REGISTRY[rule.alert]
    subject = Subject(environment.name, "{{ $labels.cluster }}", "{{ $labels.tenant }}")
    links = {"runbook": runbook_url(environment.alerts.airflow_url, cls.name)} if environment.alerts.airflow_url else {}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        "for": rule.for_.go,
        "labels": {
            **rule.labels,
            "severity": cls.severity.value,
            "team": environment.alerts.team,
            "sender": SENDER,
        },
        "annotations": {
            "summary": rule.annotations.summary,
            "meaning": f"{cls.meaning} {cls.why}",
            "remedy": filled_in(rule.annotations.remedy or cls.remedy, subject),
            **links,
        },
    }
