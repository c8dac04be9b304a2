"""Render what Prometheus scrapes on Kubernetes: ServiceMonitors with the labels that the rules select by.

Everything about a security cluster has the label `logops-audience: security`. The Prometheus of everybody must not
select it, and the one for security must.
"""

from typing import Any

from logops.environment.cluster import Data
from logops.environment.model import Environment
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.prometheus import INTERVAL

AUDIENCE_LABEL = "logops-audience"


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


def relabelings(environment: Environment, cluster: str) -> list[dict[str, Any]]:
    """Return the rules that give scraped series the labels `environment` and `cluster`."""
    return [
        {"targetLabel": "environment", "replacement": environment.name},
        {"targetLabel": "cluster", "replacement": cluster},
    ]
