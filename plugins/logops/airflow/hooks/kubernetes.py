"""Log in to an environment's Kubernetes cluster with an Airflow connection of the Kubernetes provider."""

import json
from typing import Any

from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk.exceptions import AirflowNotFoundException

from logops.errors import LogopsError
from logops.platforms.kubernetes.access import CONTENT, CONTEXT, FILE

_PREFIX = "extra__kubernetes__"
"""Older versions of the provider stored the fields of a connection with it."""
_WAYS = {"in_cluster", "kube_config_path", "kube_config"}


class ClusterConnectionError(LogopsError, ValueError):
    """The fields of a connection do not describe one login to a cluster."""

    needs_a_person = True


def cluster_login(connection: str) -> dict[str, str]:
    """Return the environment variables with which logops logs in to a cluster. An empty one must not be set.

    Without such a connection, this machine's own login is used: a kubeconfig, or the service account of the pod.
    Raises ClusterConnectionError.
    """
    try:
        extras: dict[str, Any] = KubernetesHook(conn_id=connection).conn_extras
    except AirflowNotFoundException:
        return {}
    fields = {name.removeprefix(_PREFIX): value for name, value in extras.items() if value}
    if len(ways := sorted(_WAYS & fields.keys())) > 1:
        raise ClusterConnectionError(
            f"Airflow connection {connection!r}: {' and '.join(ways)} are both set. Leave one of them."
        )
    content = fields.get("kube_config", "")
    return {
        FILE: str(fields.get("kube_config_path", "")),
        CONTENT: content if isinstance(content, str) else json.dumps(content),
        CONTEXT: str(fields.get("cluster_context", "")),
    }
