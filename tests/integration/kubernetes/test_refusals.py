"""What a rollout on Kubernetes refuses, and what it says then."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from logops.findings.classes.rollout import CHANGE_REFUSED, PLAN_UNKNOWN, RELEASE_FOREIGN, VOLUME_CHANGE
from logops.platforms.kubernetes.access import Access
from logops.platforms.kubernetes.api import Api, ApiError, ClusterUnreachableError
from logops.platforms.kubernetes.helm import Helm, HelmError
from logops.platforms.kubernetes.helm_releases import installed_release
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.platforms.platform import LeaseHeldError, PlatformError
from logops.platforms.preview import Mark, Preview
from logops.render.kubernetes import releases
from tests.integration.kubernetes.conftest import USER
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import Chart, FakeLoki, platform_of, small_environment
from tests.support.waiting import wait_for


def apply_loki(platform: KubernetesPlatform, owner: str = "run") -> None:
    platform.apply("loki", platform.desired()["loki"], owner, print)


def preview(platform: KubernetesPlatform) -> Preview:
    return platform.preview("loki", platform.desired()["loki"])


def marks(platform: KubernetesPlatform) -> dict[str, Mark]:
    """Return the marks of a plan by the name of the object."""
    return {mark.subject.rpartition("/")[2]: mark for mark in preview(platform).marks}


def test_lease_that_many_runs_take_at_once_is_given_to_one(platform: KubernetesPlatform) -> None:
    def take(number: int) -> bool:
        try:
            platform.acquire_lease(f"run {number}")
        except LeaseHeldError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 1


def test_call_waits_for_an_api_server_that_comes_back(cluster: KubernetesCluster, api: Api) -> None:
    cluster.stop_server()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.read, "v1", "Namespace", "default")
        with pytest.raises(ClusterUnreachableError, match="reading Namespace default: the API server does not answer"):
            Api(api.access, retry_for_s=0).read("v1", "Namespace", "default")
        assert not waiting.done()
        cluster.start_server()
        assert waiting.result()


def test_expired_login_is_said_with_the_way_out(
    cluster: KubernetesCluster, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    expired = cluster.kubeconfig("expired", "expired")
    with pytest.raises(ApiError, match=r"The login is not accepted, or has expired: log in again"):
        preview(platform_of(small_environment(chart, namespace), cluster, loki, expired))


def test_user_without_rights_is_told_how_to_get_them(
    cluster: KubernetesCluster, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    nobody = platform_of(small_environment(chart, namespace), cluster, loki, cluster.kubeconfig(f"{USER}-token", USER))
    with pytest.raises(ApiError, match=r'User "rollout" cannot get resource.*Give the rights that `logops rights ENV`'):
        preview(nobody)


def test_missing_namespace_is_unknown_with_the_command_that_creates_it(
    cluster: KubernetesCluster, chart: Chart, loki: FakeLoki
) -> None:
    mark = marks(platform_of(small_environment(chart, "nowhere"), cluster, loki))["Namespace nowhere"]

    assert (mark.cls, mark.refuses) == (PLAN_UNKNOWN, "always")
    assert "kubectl create namespace nowhere" in mark.remedy


def test_object_above_the_quota_refuses_the_plan(platform: KubernetesPlatform, api: Api, namespace: str) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"count/deployments.apps": "0"}},
    }
    api.create(quota, namespace)
    wait_for(lambda: bool((api.read("v1", "ResourceQuota", "few", namespace) or {}).get("status", {}).get("used")))
    mark = marks(platform)["loki-main-querier"]

    assert (mark.cls, mark.refuses) == (CHANGE_REFUSED, "always")
    assert "exceeded quota: few" in mark.message


def test_webhook_that_does_not_answer_makes_the_plan_unknown(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    webhook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "check.example.com",
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "rules": [
                    {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments"]}
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }
    api.create(webhook, "")
    try:
        wait_for(lambda: "loki-main-querier" in marks(platform))
        mark = marks(platform)["loki-main-querier"]
    finally:
        api.delete("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", namespace, "")

    assert (mark.cls, mark.refuses) == (PLAN_UNKNOWN, "always")
    assert "failed calling webhook" in mark.message


def test_killed_helm_is_explained_and_the_rollback_of_its_run_repairs_the_release(
    platform: KubernetesPlatform, api: Api, namespace: str, chart: Chart
) -> None:
    apply_loki(platform)
    chart.replace("grafana/loki:3.7.6", "grafana/loki:broken")
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(apply_loki, platform, "killed")
        wait_for(lambda: helm_status(platform, namespace) == "pending-upgrade")
        for child in psutil.Process().children():
            if child.name() == "helm" and "upgrade" in child.cmdline():
                child.kill()
        with pytest.raises(HelmError, match="helm was ended by signal 9"):
            killed.result()
    chart.replace("grafana/loki:broken", "grafana/loki:3.7.6")
    mark = marks(platform)["loki-main"]
    with pytest.raises(PlatformError, match="is pending-upgrade"):
        apply_loki(platform, "another")

    assert (mark.cls, mark.refuses) == (PLAN_UNKNOWN, "always")
    assert f"`helm rollback loki-main REVISION -n {namespace}`" in mark.message
    platform.roll_back("loki", "another", print)
    assert helm_status(platform, namespace) == "deployed"
    assert not preview(platform).changed


def helm_status(platform: KubernetesPlatform, namespace: str) -> str:
    installed = installed_release(platform.api, "loki-main", namespace)
    return installed.status if installed else ""


def test_release_of_somebody_else_is_taken_over_only_if_accepted(
    platform: KubernetesPlatform, cluster: KubernetesCluster, namespace: str, chart: Chart, tmp_path: Path
) -> None:
    (release,) = releases(platform.desired()["loki"])
    Helm(Access(cluster.kubeconfig())).upgrade(release, print, timeout_s=40)
    mark = marks(platform)["loki-main"]

    assert (mark.cls, mark.refuses) == (RELEASE_FOREIGN, "until accepted")
    assert "revision 1, chart loki 1.0.0" in mark.message
    apply_loki(platform)
    assert not marks(platform)


def test_volume_grows_without_a_restart(
    platform: KubernetesPlatform, cluster: KubernetesCluster, api: Api, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    apply_loki(platform)
    pods = {pod["metadata"]["uid"] for pod in api.items("v1", "Pod", namespace)}
    volume = {"size": "20GiB", "storage_class": "managed-premium"}
    larger = platform_of(
        small_environment(chart, namespace, ("clusters.main.components.ingester.volume", volume)), cluster, loki
    )
    found = preview(larger)
    apply_loki(larger, "grow")

    assert [(mark.cls, mark.refuses) for mark in found.marks] == [(VOLUME_CHANGE, "until accepted")]
    sizes = {
        claim["spec"]["resources"]["requests"]["storage"]
        for claim in api.items("v1", "PersistentVolumeClaim", namespace)
    }
    assert sizes == {"20Gi"}
    assert {pod["metadata"]["uid"] for pod in api.items("v1", "Pod", namespace)} == pods
    assert not preview(larger).changed


def test_object_of_somebody_else_is_not_taken(platform: KubernetesPlatform, api: Api, namespace: str) -> None:
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "loki-main"}}, namespace)
    with pytest.raises(HelmError, match="Another release or person made the object"):
        preview(platform)


def test_values_that_the_chart_refuses_are_said_in_its_words(platform: KubernetesPlatform, chart: Chart) -> None:
    chart.replace("podManagementPolicy: Parallel", "podManagementPolicy: Sometimes")
    with pytest.raises(HelmError, match=r"(?s)podManagementPolicy.*The chart refuses the values"):
        preview(platform)


def test_field_that_no_kind_has_refuses_the_plan_with_its_name(platform: KubernetesPlatform, chart: Chart) -> None:
    chart.replace("kind: Deployment\n", "kind: Deployment\nsurplus: 1\n", "templates/loki.yaml")
    mark = marks(platform)["loki-main-querier"]

    assert (mark.cls, mark.refuses) == (CHANGE_REFUSED, "always")
    assert "surplus" in mark.message
