"""The server of logops' metrics, on a namespace that accepts only pods with few rights."""

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.ingesters import is_ready
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import Chart, FakeLoki, platform_of, small_environment
from tests.support.waiting import wait_for

SERVER = {"image": "registry.example.com/logops:1", "workload_identity_client_id": "the-id"}


def test_pod_of_the_metrics_starts_where_only_restricted_pods_may(
    cluster: KubernetesCluster, api: Api, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    restricted = {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, **restricted}}, "", "tests")
    platform = platform_of(small_environment(chart, namespace, ("platform.metrics", SERVER)), cluster, loki)
    files = platform.desired()["storage"]
    platform.apply("storage", files, "run", print)

    wait_for(lambda: any(map(is_ready, api.items("v1", "Pod", namespace, "app.kubernetes.io/name=logops-metrics"))))
    assert not platform.preview("storage", files).changed
