"""The environment `production` with the real charts on a real API server. LOGOPS_CHARTS names their folder.

Each subfolder is an unpacked chart with its dependencies. The charts are not part of the project.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes.client import AppsV1Api

from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.render.kubernetes.rights import check_rights
from logops.stages import Stage
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import FakeLoki, new_account, production_with_upstream_charts

STAGES: tuple[Stage, ...] = ("loki", "agents", "tenants")


@pytest.fixture
def production(cluster: KubernetesCluster, loki: FakeLoki) -> Iterator[KubernetesPlatform]:
    folder = os.environ.get("LOGOPS_CHARTS")
    if not folder:
        pytest.skip("LOGOPS_CHARTS names no folder with the upstream charts")
    with production_with_upstream_charts(Path(folder), cluster, loki) as platform:
        yield platform


def test_production_is_installed_with_the_upstream_charts_and_a_drift_check_sees_an_edited_agent_only(
    production: KubernetesPlatform, cluster: KubernetesCluster, api: Api
) -> None:
    wanted, files = production.environment, production.desired()
    namespace = wanted.namespace("main")
    for stage in STAGES:
        production.apply(stage, files[stage], "run", print)
    for stage in STAGES:
        plan = production.preview(stage, files[stage])
        assert (list(plan.diffs), list(plan.marks)) == ([], [])
    assert [status.name for status in production.processes() if not status.ready] == []

    for each in check_rights(wanted, "checker", namespace):
        api.put(each, each["metadata"].get("namespace", ""), "tests")
    login = Access(cluster.kubeconfig(new_account(api, "checker", namespace), "checker"))
    checker = KubernetesPlatform(wanted, lambda: files, login)
    edit = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 300}}}}
    AppsV1Api(api._client).patch_namespaced_daemon_set("alloy-nodes", namespace, edit, field_manager="kubectl-edit")
    (diff,) = [diff for stage in STAGES for diff in checker.preview(stage, files[stage]).diffs]
    assert diff.object == f"DaemonSet {namespace}/alloy-nodes"
    assert diff.lines == ("-spec.template.spec.terminationGracePeriodSeconds: 300",)
