"""Rules and labels of scraped pods on Kubernetes, checked by promtool and by a real Prometheus.

The Prometheus operator copies both into Prometheus' configuration. The tests do the same.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from logops.rules.promtool import check_rules
from logops.toolchain import command
from tests.support.azurites import free_port
from tests.support.environments import environment, rendered_on_kubernetes
from tests.support.waiting import becomes_true

FILES = {
    name: yaml.safe_load(text)
    for stage in rendered_on_kubernetes(environment("production")).values()
    for name, text in stage.items()
    if name.endswith(".yaml")
}
RULES = {name: file for name, file in FILES.items() if file.get("kind") == "PrometheusRule"}
POD = {
    "__meta_kubernetes_pod_name": "the-pod-0",
    "__meta_kubernetes_pod_label_app_kubernetes_io_component": "ingester",
}
"""A pod as Prometheus discovers it."""


def service_monitors() -> dict[str, Mapping[str, Any]]:
    """Return the ServiceMonitor of each Helm release, as its chart gets it."""
    values = {Path(name).parent.name: file for name, file in FILES.items() if name.endswith("/values.yaml")}
    return {
        release: chart["monitoring"]["serviceMonitor"] if "monitoring" in chart else chart["serviceMonitor"]
        for release, chart in values.items()
    }


def scrape_config(release: str, monitor: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ServiceMonitor as the operator writes it for Prometheus."""
    return {
        "job_name": release,
        "scrape_interval": monitor["interval"],
        "static_configs": [{"targets": ["127.0.0.1:9"], "labels": POD}],
        "relabel_configs": [
            {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key): value for key, value in rule.items()}
            for rule in monitor["relabelings"]
        ],
    }


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """The labels that each release's pod gets from a real Prometheus."""
    folder = tmp_path_factory.mktemp("prometheus")
    jobs = [scrape_config(release, monitor) for release, monitor in service_monitors().items()]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump({"scrape_configs": jobs}))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *command("prometheus"),
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    labels: dict[str, dict[str, str]] = {}

    def has_discovered() -> bool:
        try:
            answer = requests.get(f"http://{address}/api/v1/targets", timeout=5).json()
        except requests.RequestException:
            return process.poll() is not None
        labels.update({target["scrapePool"]: target["labels"] for target in answer["data"]["activeTargets"]})
        return len(labels) == len(jobs)

    try:
        becomes_true(has_discovered, 30)
        assert len(labels) == len(jobs), (folder / "log").read_text()[-2000:]
        yield labels
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", RULES)
def test_rendered_prometheus_rule_passes_promtool(tmp_path: Path, name: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(RULES[name]["spec"]))

    assert check_rules(command("promtool"), [file]) == ""


def test_there_are_rules_and_releases_of_both_audiences() -> None:
    assert {rule["metadata"]["labels"]["logops-audience"] for rule in RULES.values()} == {"standard", "security"}
    assert {"loki-main", "loki-security", "alloy-nodes", "alloy-receivers"} <= service_monitors().keys()


@pytest.mark.parametrize(
    ("release", "cluster", "component"),
    [
        ("loki-main", "main", "ingester"),
        ("loki-security", "security", "ingester"),
        ("alloy-nodes", None, "alloy"),
    ],
)
def test_scraped_pod_has_the_labels_that_the_rules_group_by(
    scraped: dict[str, dict[str, str]], release: str, cluster: str | None, component: str
) -> None:
    labels = {name: scraped[release].get(name) for name in ("environment", "cluster", "component", "instance")}

    assert labels == {
        "environment": "production", "cluster": cluster, "component": component, "instance": "the-pod-0"
    }  # fmt: skip
