"""The login to a cluster, from the fields of an Airflow connection of type Kubernetes."""

import json
from typing import Any

import pytest

from logops.airflow.hooks.kubernetes import ClusterConnectionError, cluster_login


def connection(monkeypatch: pytest.MonkeyPatch, **extra: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CLUSTER", json.dumps({"conn_type": "kubernetes", "extra": extra}))


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"kube_config_path": "/srv/config"}, {"KUBECONFIG": "/srv/config"}),
        ({"extra__kubernetes__kube_config_path": "/srv/config"}, {"KUBECONFIG": "/srv/config"}),
        ({"kube_config": "apiVersion: v1", "cluster_context": "aks"},
         {"LOGOPS_KUBECONFIG": "apiVersion: v1", "LOGOPS_KUBE_CONTEXT": "aks"}),
        ({"kube_config": {"apiVersion": "v1"}}, {"LOGOPS_KUBECONFIG": '{"apiVersion": "v1"}'}),
        ({"in_cluster": True}, {}),
    ],
)  # fmt: skip
def test_field_of_the_connection_becomes_the_variable_of_the_login(
    extra: dict[str, Any], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection(monkeypatch, **extra)
    login = cluster_login("cluster")

    assert {name: value for name, value in login.items() if value} == expected
    assert set(login) == {"KUBECONFIG", "LOGOPS_KUBECONFIG", "LOGOPS_KUBE_CONTEXT"}


def test_connection_with_two_logins_is_refused_with_their_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, in_cluster=True, kube_config_path="/srv/config")
    with pytest.raises(ClusterConnectionError, match="in_cluster and kube_config_path are both set"):
        cluster_login("cluster")


def test_missing_connection_leaves_the_login_of_the_machine() -> None:
    assert cluster_login("there_is_no_such_connection") == {}
