"""Render the Helm releases of the Alertmanagers that logops runs on Kubernetes: a pair for each audience."""

from typing import Any

from logops.environment.alerts import Alertmanager
from logops.environment.cluster import Data
from logops.environment.kubernetes import Chart
from logops.environment.model import Environment
from logops.render.addresses import ALERTMANAGER_REPLICAS, alertmanager_release
from logops.render.alertmanager import alertmanager_config, own_alertmanagers, secrets_of
from logops.render.files import to_yaml
from logops.render.kubernetes.monitors import audience_labels, relabelings
from logops.render.kubernetes.network import alertmanager_policy
from logops.render.kubernetes.platform import kubernetes_platform
from logops.render.kubernetes.release import Release
from logops.render.kubernetes.secret import SecretSource
from logops.render.kubernetes.values import BaseValues, overlay
from logops.render.prometheus import INTERVAL

_SECRETS = "/etc/alertmanager-secrets"


def alertmanager_texts(environment: Environment, base: BaseValues) -> dict[str, str]:
    """Return releases, secrets and network policies of the Alertmanagers; none if the environment names no chart."""
    chart = kubernetes_platform(environment).charts.alertmanager
    if chart is None:
        return {}
    texts: dict[str, str] = {}
    for audience, declared in own_alertmanagers(environment).items():
        texts |= _release(environment, audience, declared, chart, base).texts(environment.name, "storage")
        name, namespace = alertmanager_release(environment, audience)
        if secrets := {secret.variable: secret for _, secret in secrets_of(declared)}:
            texts |= SecretSource(name, namespace, secrets).texts(environment.name, "storage")
        texts |= alertmanager_policy(environment, audience)
    return texts


def _release(
    environment: Environment, audience: Data, declared: Alertmanager, chart: Chart, base: BaseValues
) -> Release:
    name, namespace = alertmanager_release(environment, audience)
    values = overlay(base["alertmanager"], _values(environment, audience, declared, name))
    text = to_yaml(environment.name, values)
    return Release(name, namespace, chart.source, chart.version, chart.digest, text)


def _values(environment: Environment, audience: Data, declared: Alertmanager, name: str) -> dict[str, Any]:
    platform = kubernetes_platform(environment)
    registry, has_secrets = platform.image_registry, any(secrets_of(declared))
    monitor = {
        "enabled": True,
        "interval": INTERVAL,
        "additionalLabels": audience_labels(audience),
        "relabelings": [*relabelings(environment, ""), {"targetLabel": "component", "replacement": "alertmanager"}],
    }
    return {
        **({"image": {"repository": f"{registry}/prometheus/alertmanager"}} if registry else {}),
        "replicaCount": ALERTMANAGER_REPLICAS,
        # Unlike the other charts, this one expands no templates in it: those of notifications stay as they are.
        "config": alertmanager_config(declared, _SECRETS),
        "extraVolumes": [{"name": "secrets", "secret": {"secretName": name}}] if has_secrets else [],
        "extraVolumeMounts": ([{"name": "secrets", "mountPath": _SECRETS, "readOnly": True}] if has_secrets else []),
        "serviceMonitor": monitor if platform.prometheus_operator else {"enabled": False},
    }
