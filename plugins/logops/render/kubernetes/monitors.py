"""Render what Prometheus scrapes on Kubernetes, with the labels that the rules select by, and the rules.

Everything about a security cluster has the label `logops-audience: security`. The Prometheus of everybody must not
select it, and the one for security must.
"""

from typing import Any

from logops.environment.agents import Agent
from logops.environment.cluster import AUDIENCES, Data
from logops.environment.model import Environment
from logops.render.files import to_yaml
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.prometheus import INTERVAL, prometheus_rule_groups
from logops.rules.prometheus import PrometheusRules

AUDIENCE_LABEL = "logops-audience"
_LABELS_KEY = {"alloy": "additionalLabels", "promtail": "labels", "fluent-bit": "selector"}
"""Key for the labels of a ServiceMonitor in each agent's chart."""


def audience_labels(audience: Data) -> dict[str, str]:
    """Return the labels of objects that the Prometheus of an audience reads."""
    return {AUDIENCE_LABEL: audience}


def loki_monitoring(environment: Environment, cluster: str) -> dict[str, Any]:
    """Return the chart's values for the ServiceMonitor of a cluster."""
    if not kubernetes_platform(environment).prometheus_operator:
        return {"monitoring": {"serviceMonitor": {"enabled": False}}}
    return {
        "monitoring": {
            "serviceMonitor": {
                "enabled": True,
                "labels": audience_labels(environment.clusters[cluster].data),
                "interval": INTERVAL,
                "relabelings": [
                    *relabelings(environment, cluster),
                    {
                        "sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_component"],
                        "targetLabel": "component",
                    },
                ],
            }
        }
    }


def agent_monitor(environment: Environment, agent: Agent, cluster: str) -> dict[str, Any]:
    """Return the values for the ServiceMonitor of an agent. All three charts have the same keys for it, but one.

    cluster   the only cluster that it ships to; empty: several

    An agent that ships to security clusters only is scraped by the Prometheus for security.
    """
    if not kubernetes_platform(environment).prometheus_operator:
        return {"enabled": False}
    data = {environment.clusters[environment.sources[name].cluster].data for name in agent.sources}
    labels = audience_labels("security" if data == {"security"} else "standard")
    return {
        "enabled": True,
        "interval": INTERVAL,
        _LABELS_KEY[agent.kind]: labels,
        "relabelings": [
            *relabelings(environment, cluster),
            {"targetLabel": "component", "replacement": agent.kind},
        ],
    }


def rule_texts(environment: Environment, rules: PrometheusRules) -> dict[str, str]:
    """Return the rules as PrometheusRules: one for each file, in the namespaces of each audience."""
    if not kubernetes_platform(environment).prometheus_operator:
        return {}
    texts = {}
    for audience in AUDIENCES:
        names = [name for name, cluster in environment.clusters.items() if cluster.data == audience]
        for file, groups in prometheus_rule_groups(environment, rules).items():
            # Each Prometheus reads all rules. It has series of its own clusters only.
            name = f"logops-{file}" if audience == "standard" else f"logops-{audience}-{file}"
            if names:
                rule = manifest(
                    "monitoring.coreos.com/v1",
                    "PrometheusRule",
                    name,
                    environment.namespace(names[0]),
                    {"spec": {"groups": groups}},
                    audience_labels(audience),
                )
                texts[f"storage/manifests/{name}.yaml"] = to_yaml(environment.name, rule)
    return texts


def relabelings(environment: Environment, cluster: str) -> list[dict[str, Any]]:
    """Return the rules that give scraped series their labels. Without a cluster, they get no label `cluster`.

    The instance is the pod: alerts name it, and an address says nothing to people.
    """
    return [
        {"targetLabel": "environment", "replacement": environment.name},
        {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"},
        *([{"targetLabel": "cluster", "replacement": cluster}] if cluster else []),
    ]
