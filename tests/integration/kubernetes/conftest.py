"""Fixtures: one cluster without nodes for the tests of this folder. Each test has a namespace of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from tests.support.kubernetes_cluster import KubernetesCluster, kubernetes_cluster, kubernetes_programs
from tests.support.kubernetes_platforms import (
    Chart,
    FakeLoki,
    fake_loki,
    own_namespace,
    platform_of,
    small_environment,
)

USER = "rollout"
"""A user without any right, until a test gives some."""


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesCluster]:
    with kubernetes_cluster(tmp_path_factory.mktemp("kubernetes"), (f"{USER}-token,{USER},2",)) as running:
        yield running


@pytest.fixture(autouse=True)
def _helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGOPS_HELM", kubernetes_programs()["helm"])


@pytest.fixture
def api(cluster: KubernetesCluster) -> Api:
    """The API server, as its administrator."""
    return Api(Access(cluster.kubeconfig()))


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace with a volume for each ingester: no program of the cluster makes volumes."""
    with own_namespace(api) as name:
        yield name


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    return Chart.copied_to(tmp_path)


@pytest.fixture
def loki() -> Iterator[FakeLoki]:
    with fake_loki() as running:
        yield running


@pytest.fixture
def platform(cluster: KubernetesCluster, namespace: str, chart: Chart, loki: FakeLoki) -> KubernetesPlatform:
    return platform_of(small_environment(chart, namespace), cluster, loki)
