"""Keys of an environment that only the platform Kubernetes has."""

import pytest
from pydantic import ValidationError

from tests.support.environments import environment

USER = {"password": {"env": "PASSWORD"}, "tenants": ["application"], "access": ["read"]}


def test_security_cluster_in_a_shared_namespace_is_refused_with_advice() -> None:
    with pytest.raises(ValidationError, match="A security cluster needs a namespace of its own"):
        environment("production", ("clusters.security.namespace", "monitoring"))


def test_security_cluster_without_namespace_has_one_of_its_own() -> None:
    assert environment("production", ("clusters.security.namespace", None)).namespace("security") == (
        "monitoring-security"
    )


def test_chart_from_a_registry_without_digest_is_refused() -> None:
    chart = {"source": "oci://registry.example.com/loki", "version": "18.11.0"}
    with pytest.raises(ValidationError, match="a chart from a registry or repository needs one"):
        environment("production", ("platform.charts", {"loki": chart}))


def test_chart_in_a_folder_needs_no_digest() -> None:
    chart = {"source": "/srv/charts/loki", "version": "18.11.0"}

    declared = environment("production", ("platform.charts", {"loki": chart}))
    assert declared.platform.kind == "kubernetes"
    assert declared.platform.charts.loki.digest is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("clusters.main.namespace", "logs"),
        ("clusters.main.gateway", {"host": "logs.example.com", "tls_secret_name": "tls", "users": {"reader": USER}}),
    ],
)
def test_key_of_kubernetes_in_a_local_environment_is_refused_with_its_path(path: str, value: object) -> None:
    with pytest.raises(ValidationError, match=f"{path}: only for platform.kind: kubernetes, and this is local"):
        environment("local", (path, value))


def test_local_memcached_without_address_is_refused_with_path() -> None:
    with pytest.raises(ValidationError, match=r"clusters\.main\.caches\.results\.addresses: the local platform runs"):
        environment("local", ("clusters.main.caches.results", {"kind": "memcached"}))
