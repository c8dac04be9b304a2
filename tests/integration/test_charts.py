"""The rendered values with the upstream charts: what Kubernetes would get from Helm.

The variable LOGOPS_CHARTS names a folder with a folder for each chart. These charts are not part of the project, so the
tests are skipped without it. A checkout of the chart loki needs `helm dependency build`, or no `dependencies` in its
Chart.yaml: logops enables none of them.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from logops.environment import Environment
from logops.environment.kubernetes import Charts
from logops.render.alertmanager import alertmanager_config
from logops.render.kubernetes import Release, releases, secret_sources
from logops.toolchain import command
from tests.support.environments import environment, rendered_on_kubernetes
from tests.support.every_source import every_source, sources_for_fluent_bit

CHART = {"source": "/charts/alertmanager", "version": "1.42.0"}
SLACK = {"chat": {"slack": {"url": {"env": "SLACK"}, "channel": "#logs"}}}
STORAGE_KEY = "LOGOPS_CONNECTION_SECURITY_STORAGE"


def with_alertmanagers() -> Environment:
    return environment(
        "production",
        ("platform.charts", {"alertmanager": CHART}),
        ("alerts.standard", {"receivers": SLACK, "receiver": "chat"}),
        ("alerts.security.urls", []),
    )


def with_fluent_bit() -> Environment:
    sources = sources_for_fluent_bit()
    received = [name for name, source in sources.items() if source["kind"] == "syslog"]
    agents = {
        "nodes": {"kind": "fluent-bit", "sources": [name for name in sources if name not in received]},
        "receivers": {"kind": "fluent-bit", "placement": "deployment", "sources": received},
    }
    return environment("production", ("sources", sources), ("agents", agents))


ENVIRONMENTS = {
    "production": environment("production"),
    "single": environment(
        "production",
        ("clusters.security.mode", "single"),
        ("clusters.security.components", {"all": {"volume": {"size": "10GiB"}}}),
        ("clusters.security.replication_factor", 1),
    ),
    "alertmanagers": with_alertmanagers(),
    "every source": every_source("alloy", redact_secrets=True),
    "promtail": environment("production", ("agents.nodes.kind", "promtail"), ("agents.receivers.kind", "promtail")),
    "fluent-bit": with_fluent_bit(),
}
FILES = {
    name: {file: text for stage in rendered_on_kubernetes(declared).values() for file, text in stage.items()}
    for name, declared in ENVIRONMENTS.items()
}
RELEASES = [(name, release) for name, files in FILES.items() for release in releases(files)]
every_release = pytest.mark.parametrize(
    ("name", "release"), RELEASES, ids=[f"{name}/{release.name}" for name, release in RELEASES]
)
loki_releases = pytest.mark.parametrize(
    ("name", "release"),
    [
        (name, release)
        for name, release in RELEASES
        if release.chart_name == "loki" and name in ("production", "single")
    ],
)


@pytest.fixture(scope="module")
def charts() -> Path:
    folder = os.environ.get("LOGOPS_CHARTS")
    if not folder:
        pytest.skip("LOGOPS_CHARTS names no folder with the upstream charts")
    if not shutil.which("helm"):
        pytest.skip("helm is not on the PATH")
    return Path(folder)


@cache
def objects(charts: Path, release: Release) -> list[dict[str, Any]]:
    """Return the objects of a release, as Helm renders them."""
    answer = subprocess.run(
        [
            "helm",
            *("template", release.name, str(charts / release.chart_name), "--namespace", release.namespace),
            *("--values", "-", "--api-versions", "monitoring.coreos.com/v1"),
        ],
        input=release.values,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    return [made for made in yaml.safe_load_all(answer.stdout) if made]


def of_kind(made: list[dict[str, Any]], *kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in made if each["kind"] in kinds}


def workloads(made: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return of_kind(made, "Deployment", "StatefulSet", "DaemonSet")


def names_in(value: Any, *keys: str) -> Iterator[str]:
    """Yield the names of objects to which a pod refers, for example below `secretRef`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys:
                yield inner if isinstance(inner, str) else inner["name"]
            yield from names_in(inner, *keys)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner, *keys)


@pytest.mark.parametrize("chart", Charts.model_fields)
def test_chart_has_the_version_that_is_pinned(charts: Path, chart: str) -> None:
    pinned = getattr(Charts(), chart)
    version = yaml.safe_load((charts / chart.replace("_", "-") / "Chart.yaml").read_text())["version"]

    assert version == (pinned.version if pinned else CHART["version"])


@every_release
def test_every_workload_has_pods(charts: Path, name: str, release: Release) -> None:
    made = workloads(objects(charts, release))

    assert made
    assert [workload for workload, each in made.items() if each["spec"].get("replicas", 1) < 1] == []


@loki_releases
def test_every_component_of_loki_has_its_replicas(charts: Path, name: str, release: Release) -> None:
    cluster = ENVIRONMENTS[name].clusters[release.name.removeprefix("loki-")]
    wanted = {
        release.name if component == "all" else f"{release.name}-{component}": workload.replicas
        for component, workload in cluster.components.items()
    }
    made = {workload: each["spec"]["replicas"] for workload, each in workloads(objects(charts, release)).items()}

    assert {workload: made.get(workload) for workload in wanted} == wanted


@loki_releases
def test_loki_accepts_its_configuration_with_the_flags_of_every_component(
    charts: Path, name: str, release: Release, tmp_path: Path
) -> None:
    made = objects(charts, release)
    text = of_kind(made, "ConfigMap")[release.name]["data"]["config.yaml"]
    (tmp_path / "loki.yaml").write_text(text)
    flags = {
        workload: [flag for flag in container["args"] if not flag.startswith("-config.file")]
        for workload, each in workloads(made).items()
        for container in each["spec"]["template"]["spec"]["containers"]
        if container["name"] not in ("canary", "nginx", "memcached", "exporter")
    }
    refused = {}
    for workload, given in flags.items():
        answer = subprocess.run(
            [*command("loki"), f"-config.file={tmp_path / 'loki.yaml'}", "-verify-config"]
            + [flag.replace("$(POD_IP)", "10.0.0.1") for flag in given],
            env={**os.environ, STORAGE_KEY: "a2V5"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        if answer.returncode:
            refused[workload] = answer.stderr[-2000:]

    assert yaml.safe_load(text) == yaml.safe_load(FILES[name][f"loki/{release.name.removeprefix('loki-')}.yaml"])
    assert len(flags) == (1 if name == "single" and release.name == "loki-security" else 8)
    assert refused == {}


@loki_releases
def test_addresses_in_the_configuration_are_services_of_the_release(charts: Path, name: str, release: Release) -> None:
    made = objects(charts, release)
    config = of_kind(made, "ConfigMap")[release.name]["data"]["config.yaml"]
    nginx = of_kind(made, "ConfigMap")[f"{release.name}-gateway"]["data"]["nginx.conf"]
    words = [word for text in (config, nginx) for word in text.replace("//", " ").replace("+", " ").split()]
    hosts = {word.split(":")[0].split(".")[0] for word in words if word.startswith(f"{release.name}-") and ":" in word}
    if not (name == "single" and release.name == "loki-security"):
        assert {f"{release.name}-{part}" for part in ("compactor", "query-scheduler", "ruler", "distributor")} <= hosts

    assert hosts - of_kind(made, "Service").keys() == set()


@loki_releases
def test_gateway_has_our_configuration(charts: Path, name: str, release: Release) -> None:
    nginx = of_kind(objects(charts, release), "ConfigMap")[f"{release.name}-gateway"]["data"]["nginx.conf"]
    ours = yaml.safe_load(release.values)["gateway"]["nginxConfig"]["file"].replace("{{`{{`}}", "{{")

    assert nginx.strip() == ours.strip()


@every_release
def test_secrets_and_config_maps_of_pods_exist(charts: Path, name: str, release: Release) -> None:
    made = objects(charts, release)
    pods = [each["spec"]["template"]["spec"] for each in workloads(made).values()]
    manifests = [yaml.safe_load(text) for file, text in FILES[name].items() if "/manifests/" in file]
    secrets = {*of_kind(made, "Secret"), *(source.name for source in secret_sources(FILES[name]))}
    config_maps = {*of_kind(made, "ConfigMap"), *of_kind(manifests, "ConfigMap")}

    assert {*names_in(pods, "secretRef", "secretKeyRef", "secretName")} - secrets == set()
    assert {*names_in(pods, "configMap", "configMapRef", "configMapKeyRef")} - config_maps == set()


@every_release
def test_agent_reads_the_configuration_that_was_rendered(charts: Path, name: str, release: Release) -> None:
    if release.chart_name not in ("alloy", "promtail", "fluent-bit"):
        pytest.skip("no agent")
    data = [text for each in of_kind(objects(charts, release), "ConfigMap").values() for text in each["data"].values()]
    for secret in of_kind(objects(charts, release), "Secret").values():
        data += secret.get("stringData", {}).values()
    agent = release.name.removeprefix(f"{release.chart_name}-")
    (wanted,) = [text for file, text in FILES[name].items() if Path(file).match(f"agents/{agent}.*")]

    def lines(text: str) -> list[str]:
        return [line.strip() for line in text.strip().splitlines()]

    assert lines(wanted) in [lines(text) for text in data]


@pytest.mark.parametrize(
    ("release_name", "audience"), [("alertmanager", "standard"), ("alertmanager-security", "security")]
)
def test_alertmanager_has_our_configuration(charts: Path, release_name: str, audience: str) -> None:
    (release,) = [each for each in releases(FILES["alertmanagers"]) if each.name == release_name]
    config = yaml.safe_load(of_kind(objects(charts, release), "ConfigMap")[release_name]["data"]["alertmanager.yml"])
    ours = alertmanager_config(getattr(ENVIRONMENTS["alertmanagers"].alerts, audience), "/etc/alertmanager-secrets")

    assert {key: config[key] for key in ours} == ours


def test_disruption_budgets_let_at_most_one_pod_of_a_component_go(charts: Path) -> None:
    (main,) = [each for each in releases(FILES["production"]) if each.name == "loki-main"]
    made = objects(charts, main)
    several = {name for name, each in workloads(made).items() if each["spec"]["replicas"] > 1}
    budgets = {name: each["spec"].get("maxUnavailable") for name, each in of_kind(made, "PodDisruptionBudget").items()}

    assert budgets == dict.fromkeys(several, 1)


def test_loki_may_read_no_secret_of_kubernetes(charts: Path) -> None:
    readers = [
        rule
        for _, release in RELEASES
        for each in of_kind(objects(charts, release), "Role", "ClusterRole").values()
        for rule in each.get("rules") or ()
        if {"secrets", "configmaps", "*"} & {*rule.get("resources", ())}
    ]

    assert readers == []
