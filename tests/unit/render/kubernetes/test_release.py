"""The Helm releases, secrets and objects in the files of an environment on Kubernetes."""

from base64 import b64decode
from typing import Any

import pytest
import yaml

from logops.environment.base import SecretRef
from logops.render import PlacementError
from logops.render.kubernetes import Release, SecretSource, releases, secret_sources
from tests.support.environments import environment, rendered_on_kubernetes

PRODUCTION = environment("production")
FILES = rendered_on_kubernetes(PRODUCTION)


def release(name: str, *changes: tuple[str, Any]) -> Release:
    files = rendered_on_kubernetes(environment("production", *changes))["loki"] if changes else FILES["loki"]
    (found,) = [release for release in releases(files) if release.name == name]
    return found


def values(name: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    return dict(yaml.safe_load(release(name, *changes).values))


def test_every_cluster_is_a_release_with_pinned_chart_in_its_own_namespace() -> None:
    found = {release.name: (release.namespace, release.chart_name) for release in releases(FILES["loki"])}

    assert found == {"loki-main": ("monitoring", "loki"), "loki-security": ("security-logs", "loki")}
    assert all(len(release.digest or "") == 64 and release.version for release in releases(FILES["loki"]))


def test_release_is_read_back_from_files_as_it_was_written() -> None:
    written = Release("loki-x", "logs", "/charts/loki.tgz", "1.2.3", "a" * 64, "replicas: 1\n")

    assert [*releases(written.texts("production", "loki"))] == [written]


@pytest.mark.parametrize(
    ("chart", "arguments"),
    [
        ("oci://registry.example.com/charts/loki", ("oci://registry.example.com/charts/loki", "--version", "1.2.3")),
        ("https://example.com/charts/loki", ("loki", "--repo", "https://example.com/charts", "--version", "1.2.3")),
        ("/charts/loki-1.2.3.tgz", ("/charts/loki-1.2.3.tgz",)),
    ],
)
def test_chart_is_named_for_helm_as_its_source_needs(chart: str, arguments: tuple[str, ...]) -> None:
    assert Release("loki-x", "logs", chart, "1.2.3", None, "").chart_arguments == arguments


def test_secret_is_read_back_from_files_as_it_was_written() -> None:
    written = SecretSource("s", "logs", {"KEY": SecretRef(env="KEY")}, {"grafana": SecretRef(connection="grafana")})

    assert [*secret_sources(written.texts("production", "loki"))] == [written]


def test_files_name_secrets_and_contain_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_KEY", "c2VjcmV0LWtleQ==")
    key = {"env": "STORAGE_KEY"}
    files = rendered_on_kubernetes(environment("production", ("storage_accounts.security.account_key", key)))["loki"]
    (source,) = [source for source in secret_sources(files) if source.name == "loki-security-storage"]

    assert source.values == {"STORAGE_KEY": SecretRef(env="STORAGE_KEY")}
    assert not [name for name, text in files.items() if "c2VjcmV0" in text]


def test_secret_object_has_values_in_base64_and_passwords_as_salted_hashes() -> None:
    password = SecretRef(connection="grafana")
    source = SecretSource("s", "logs", {"KEY": SecretRef(env="KEY")}, {"grafana": password})
    secrets = {"KEY": "key", "grafana": "open sesame"}
    made = source.manifest(lambda secret: secrets[secret.env or secret.connection or ""])
    line = b64decode(made["data"][".htpasswd"]).decode()

    assert b64decode(made["data"]["KEY"]) == b"key"
    assert line.startswith("grafana:{SSHA}")
    assert "sesame" not in line
    assert made == source.manifest(lambda secret: secrets[secret.env or secret.connection or ""])


def test_account_with_managed_identity_has_its_client_id_and_no_secret() -> None:
    main = values("loki-main")

    assert main["serviceAccount"]["annotations"] == {
        "azure.workload.identity/client-id": PRODUCTION.storage_accounts["monitoring"].workload_identity_client_id
    }
    assert main["defaults"]["podLabels"] == {"azure.workload.identity/use": "true"}
    assert "extraEnvFrom" not in main["defaults"]


def test_account_with_key_takes_it_from_a_secret() -> None:
    security = values("loki-security")

    assert security["defaults"]["extraEnvFrom"] == [{"secretRef": {"name": "loki-security-storage"}}]
    assert "serviceAccount" not in security


def test_every_component_has_its_replicas_resources_and_volume() -> None:
    main = values("loki-main")

    assert {key: main[key]["replicas"] for key in ("ingester", "queryScheduler", "gateway", "write")} == {
        "ingester": 3, "queryScheduler": 2, "gateway": 3, "write": 0,
    }  # fmt: skip
    assert main["ingester"]["resources"] == {
        "requests": {"cpu": "1000m", "memory": "2Gi"},
        "limits": {"cpu": "2000m", "memory": "4Gi"},
    }
    claim = {"name": "data", "accessModes": ["ReadWriteOnce"], "size": "10Gi", "storageClass": "managed-premium"}
    assert main["ingester"]["persistence"] == {"enabled": True, "claims": [claim]}
    assert main["ruler"]["persistence"] == {"enabled": True, "size": "10Gi", "storageClass": "managed-premium"}


def test_single_cluster_is_one_workload_and_no_other_one() -> None:
    changes = (
        ("clusters.security.mode", "single"),
        ("clusters.security.components", {"all": {"replicas": 1}}),
        ("clusters.security.replication_factor", 1),
    )
    single = values("loki-security", *changes)

    assert (single["deploymentMode"], single["singleBinary"]["replicas"]) == ("Monolithic", 1)
    assert not [key for key, value in single.items() if isinstance(value, dict) and value.get("replicas", 0) > 1]
    assert single["loki"]["structuredConfig"]["common"]["compactor_grpc_address"] == "loki-security:9095"


def test_memory_of_own_cache_is_that_of_its_pod() -> None:
    main = values("loki-main", ("clusters.main.caches.chunks", {"kind": "memcached", "memory": "2GiB", "replicas": 3}))

    # The chart requests 1.2 times the allocated memory.
    assert main["chunksCache"] == {"enabled": True, "replicas": 3, "allocatedMemory": 1706}
    assert 1706 * 1.2 <= 2048


def test_cache_that_exists_elsewhere_gets_no_pod() -> None:
    cache = {"kind": "memcached", "addresses": ["cache:11211"]}

    assert values("loki-main", ("clusters.main.caches.chunks", cache))["chunksCache"] == {"enabled": False}


def test_text_with_braces_reaches_loki_as_it_is_declared() -> None:
    main = values("loki-main", ("clusters.main.ruler.alertmanager_url", "http://{{ host }}"))

    assert main["loki"]["structuredConfig"]["ruler"]["alertmanager_url"] == "http://{{`{{`}} host }}"


def test_gateway_has_its_host_class_certificate_and_only_paths_that_users_need() -> None:
    ingress = values("loki-main", ("clusters.main.gateway.ingress_class", "webapprouting"))["gateway"]["ingress"]

    assert (ingress["enabled"], ingress["ingressClassName"]) == (True, "webapprouting")
    assert ingress["tls"] == [{"secretName": "loki-tls", "hosts": ["logs.oversight.com"]}]
    assert [path["path"] for path in ingress["hosts"][0]["paths"]] == [
        "/loki/api/v1", "/otlp/v1/logs", "/prometheus/api/v1",
    ]  # fmt: skip


def test_canary_without_user_is_refused_with_the_user_that_it_needs() -> None:
    declared = environment("production", ("clusters.main.gateway.users.canary", None))

    with pytest.raises(PlacementError) as refused:
        rendered_on_kubernetes(declared)

    assert str(refused.value) == (
        "clusters.main.gateway.users: the canary of tenant canary cannot log in. "
        "Add a user with tenants: [canary] and access: [read, write]"
    )


def test_canary_gets_its_password_from_a_secret() -> None:
    canary = values("loki-main")["lokiCanary"]

    assert canary["tenant"] == {"name": "canary", "password": "$(LOGOPS_CANARY_PASSWORD)"}
    assert canary["extraEnv"][0]["valueFrom"]["secretKeyRef"] == {
        "name": "loki-main-canary", "key": "LOGOPS_CANARY_PASSWORD",
    }  # fmt: skip


def test_lines_of_the_canary_have_the_label_job_as_on_the_local_platform() -> None:
    arguments = values("loki-main")["lokiCanary"]["extraArgs"]

    assert {"-streamname=job", "-streamvalue=loki-canary"} <= {*arguments}


def test_cluster_without_operator_gets_no_service_monitor() -> None:
    assert values("loki-main", ("platform.prometheus_operator", False))["monitoring"]["serviceMonitor"] == {
        "enabled": False
    }


def test_overrides_are_an_object_that_pods_mount_at_the_path_of_the_configuration() -> None:
    text = FILES["tenants"]["tenants/manifests/loki-main-tenants.yaml"]
    main = values("loki-main")
    (mount,) = main["defaults"]["extraVolumeMounts"]
    (file,) = yaml.safe_load(text)["data"]

    assert main["loki"]["structuredConfig"]["runtime_config"]["file"] == f"{mount['mountPath']}/{file}"
    assert main["defaults"]["extraVolumes"][0]["configMap"]["name"] == yaml.safe_load(text)["metadata"]["name"]
    assert yaml.safe_load(text)["data"][file] == FILES["tenants"]["tenants/main.yaml"]
