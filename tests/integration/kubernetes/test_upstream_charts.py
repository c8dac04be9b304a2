"""The environment `production` with the real charts on a real API server. LOGOPS_CHARTS names their folder.

Each subfolder is an unpacked chart with its dependencies. The charts are not part of the project.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.stages import Stage
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import FakeLoki, production_with_upstream_charts

STAGES: tuple[Stage, ...] = ("loki", "agents", "tenants")


@pytest.fixture
def production(cluster: KubernetesCluster, loki: FakeLoki) -> Iterator[KubernetesPlatform]:
    folder = os.environ.get("LOGOPS_CHARTS")
    if not folder:
        pytest.skip("LOGOPS_CHARTS names no folder with the upstream charts")
    with production_with_upstream_charts(Path(folder), cluster, loki) as platform:
        yield platform


def test_production_is_installed_with_the_upstream_charts_and_the_next_plan_changes_nothing(
    production: KubernetesPlatform,
) -> None:
    for stage in STAGES:
        production.apply(stage, production.desired()[stage], "run", print)
    for stage in STAGES:
        plan = production.preview(stage, production.desired()[stage])
        assert (list(plan.diffs), list(plan.marks)) == ([], [])
    assert [status.name for status in production.processes() if not status.ready] == []
