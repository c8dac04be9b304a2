"""The environment `production` with the real charts on a real API server. LOGOPS_CHARTS names their folder.

Each subfolder is an unpacked chart with its dependencies. The charts are not part of the project.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.render.kubernetes import secret_sources
from logops.render.kubernetes.rights import namespaces
from logops.stages import Stage
from tests.support.environments import environment, rendered_on_kubernetes
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import FakeLoki, storage_class, volume

STAGES: tuple[Stage, ...] = ("loki", "agents", "tenants")
CHARTS = ("loki", "alloy")
VOLUMES = 20


@pytest.fixture
def production(
    cluster: KubernetesCluster, api: Api, loki: FakeLoki, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KubernetesPlatform]:
    folder = os.environ.get("LOGOPS_CHARTS")
    if not folder:
        pytest.skip("LOGOPS_CHARTS names no folder with the upstream charts")
    charts = {name: {"source": str(Path(folder, name)), "version": version(Path(folder, name))} for name in CHARTS}
    wanted = environment("production", ("platform.charts", charts), ("platform.prometheus_operator", False))
    rendered = rendered_on_kubernetes(wanted)
    for source in (source for files in rendered.values() for source in secret_sources(files)):
        for reference in (*source.values.values(), *source.users.values()):
            monkeypatch.setenv(reference.variable, "a secret of the tests")
    loki.states = {f"loki-{name}-ingester-{number}": "ACTIVE" for name in wanted.clusters for number in range(3)}
    for name in namespaces(wanted):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, "")
    api.put(storage_class(), "", "tests")
    for number in range(VOLUMES):
        free = volume("upstream", number)
        del free["spec"]["claimRef"]
        api.create(free, "")
    yield KubernetesPlatform(wanted, lambda: rendered, Access(cluster.kubeconfig()), reach=loki.reach)
    for name in namespaces(wanted):
        api.delete("v1", "Namespace", name, "")
    for number in range(VOLUMES):
        api.delete("v1", "PersistentVolume", f"upstream-{number}", "")


def version(chart: Path) -> str:
    return str(yaml.safe_load((chart / "Chart.yaml").read_text())["version"])


def test_production_is_installed_with_the_upstream_charts_and_the_next_plan_changes_nothing(
    production: KubernetesPlatform,
) -> None:
    for stage in STAGES:
        production.apply(stage, production.desired()[stage], "run", print)
    for stage in STAGES:
        plan = production.preview(stage, production.desired()[stage])
        assert (list(plan.diffs), list(plan.marks)) == ([], [])
    assert [status.name for status in production.processes() if not status.ready] == []
