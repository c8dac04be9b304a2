"""The Alertmanagers that logops runs on Kubernetes."""

from typing import Any

import yaml

from logops.environment.base import SecretRef
from logops.platforms.remote import RemotePlatform
from logops.render.kubernetes import Release, releases, secret_sources
from tests.support.environments import environment, rendered_on_kubernetes

CHART = ("platform.charts", {"alertmanager": {"source": "/charts/alertmanager", "version": "1.42.0"}})
OWN = (CHART, ("alerts.standard.urls", []), ("alerts.security.urls", []))
SLACK = ("alerts.standard.receivers", {"chat": {"slack": {"url": {"env": "SLACK"}, "channel": "#logs"}}})


def storage(*changes: tuple[str, Any]) -> dict[str, str]:
    return dict(rendered_on_kubernetes(environment("production", *changes))["storage"])


def found(*changes: tuple[str, Any]) -> dict[str, Release]:
    return {release.name: release for release in releases(storage(*changes))}


def test_alertmanager_without_address_is_a_pair_for_each_audience_in_its_namespace() -> None:
    assert {name: release.namespace for name, release in found(*OWN).items()} == {
        "alertmanager": "monitoring",
        "alertmanager-security": "security-logs",
    }
    assert yaml.safe_load(found(*OWN)["alertmanager"].values)["replicaCount"] == 2


def test_alertmanager_with_an_address_gets_no_release() -> None:
    assert [*found(CHART)] == []
    assert [*found(*OWN[:2])] == ["alertmanager"]


def test_environment_that_names_no_chart_runs_no_alertmanager() -> None:
    changes = (("alerts.standard.urls", []),)

    assert [*found(*changes)] == []
    assert RemotePlatform(environment("production", *changes)).alertmanager_urls("standard") == ()


def test_findings_and_rulers_go_to_every_replica() -> None:
    declared = environment("production", *OWN)
    pair = (
        "http://alertmanager-0.alertmanager-headless.monitoring.svc:9093",
        "http://alertmanager-1.alertmanager-headless.monitoring.svc:9093",
    )
    config = yaml.safe_load(rendered_on_kubernetes(declared)["loki"]["loki/main.yaml"])

    assert RemotePlatform(declared).alertmanager_urls("standard") == pair
    assert config["ruler"]["alertmanager_url"] == ",".join(pair)


def test_templates_of_notifications_reach_alertmanager_unchanged() -> None:
    config = yaml.safe_load(found(*OWN, SLACK)["alertmanager"].values)["config"]
    (chat,) = [receiver for receiver in config["receivers"] if receiver["name"] == "chat"]

    assert "{{" in chat["slack_configs"][0]["title"]
    assert "{{`" not in chat["slack_configs"][0]["title"]


def test_secret_of_a_receiver_is_a_file_where_the_configuration_reads_it() -> None:
    values = yaml.safe_load(found(*OWN, SLACK)["alertmanager"].values)
    (source,) = secret_sources(storage(*OWN, SLACK))
    (chat,) = [receiver for receiver in values["config"]["receivers"] if receiver["name"] == "chat"]
    (mount,) = values["extraVolumeMounts"]

    assert (source.name, source.values) == ("alertmanager", {"SLACK": SecretRef(env="SLACK")})
    assert values["extraVolumes"][0]["secret"]["secretName"] == source.name
    assert chat["slack_configs"][0]["api_url_file"] == f"{mount['mountPath']}/SLACK"


def test_alertmanager_accepts_the_clusters_of_its_audience_and_who_checks_them() -> None:
    spec = yaml.safe_load(storage(*OWN)["storage/manifests/alertmanager-security.yaml"])["spec"]
    own, others = spec["ingress"]

    assert own == {"from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "alertmanager-security"}}}]}
    assert [
        (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], peer.get("podSelector"))
        for peer in others["from"]
    ] == [
        ("security-logs", {"matchLabels": {"app.kubernetes.io/instance": "loki-security"}}),
        ("airflow", None),
        ("monitoring", {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}),
    ]
