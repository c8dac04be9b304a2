"""Changes by hand on a cluster are drift, and a rollout that was never made is none."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from kubernetes.client import AppsV1Api, CoreV1Api, CustomObjectsApi

from logops.drift.judge import Context, judged
from logops.drift.observe import observe
from logops.findings import Finding, FindingClass
from logops.findings.classes.drift import CONFIG_DRIFT, VERSION_SKEW
from logops.platforms.kubernetes.api import Api, ApiError
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.platforms.platform import PlatformError
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import Chart, FakeLoki, platform_of, small_environment
from tests.support.waiting import wait_for

QUERIER = "loki-main-querier"


def differences(platform: KubernetesPlatform, cls: FindingClass = CONFIG_DRIFT) -> list[Finding]:
    """Return the differences of the stage `loki`, without those of processes: none runs."""
    desired = platform.desired()
    observed = observe(platform, platform, desired, ("loki",), print)
    findings = judged(Context(platform.environment, observed, desired, {}, datetime.now(UTC)))
    return [finding for finding in findings if finding.cls is cls]


def test_changed_and_deleted_objects_are_drift_with_the_owner_of_the_field(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    platform.apply("loki", platform.desired()["loki"], "run", print)
    before = differences(platform)
    edit = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "loki-main-querier"},
        "spec": {"replicas": 1},
    }
    api.put(edit, namespace, "kubectl-edit", force=True)
    api.delete("policy/v1", "PodDisruptionBudget", "loki-main-ingester", namespace)
    found = {finding.subject.path.partition(" ")[0]: finding for finding in differences(platform)}

    assert before == []
    assert sorted(found) == ["Deployment", "PodDisruptionBudget"]
    assert "was changed: 1 line only live, 1 line only declared, after the rollout run" in found["Deployment"].message
    assert "kubectl-edit owns .spec.replicas" in found["Deployment"].message
    assert "is missing: somebody deleted it" in found["PodDisruptionBudget"].message


def test_fields_that_somebody_added_are_drift_until_an_accepted_rollout_removes_them(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    platform.apply("loki", platform.desired()["loki"], "run", print)
    before = api.read("apps/v1", "Deployment", QUERIER, namespace)
    pods = {
        "containers": [{"name": "loki", "env": [{"name": "DEBUG", "value": "1"}]}],
        "tolerations": [{"operator": "Exists"}],
        # The chart sets none, so the server has its default there.
        "terminationGracePeriodSeconds": 300,
    }
    edit = {"metadata": {"annotations": {"example.com/owner": "me"}}, "spec": {"template": {"spec": pods}}}
    AppsV1Api(api._client).patch_namespaced_deployment(QUERIER, namespace, edit, field_manager="kubectl-edit")
    with pytest.raises(PlatformError, match=r"kubectl-edit owns .*Nothing was changed there"):
        platform.apply("loki", platform.desired()["loki"], "unapproved", print)
    (finding,) = differences(platform)

    assert finding.subject.path == f"Deployment {namespace}/{QUERIER}"
    for field in (
        '.metadata.annotations["example.com/owner"]',
        ".spec.template.spec.containers[loki].env",
        ".spec.template.spec.tolerations",
        ".spec.template.spec.terminationGracePeriodSeconds",
    ):
        assert field in finding.message
    assert "Nothing declares them, and the plan removes them" in finding.message
    # The rollout asks for acceptance before it calls `apply`. The plan of the drift check has shown the fields.
    platform.apply("loki", platform.desired()["loki"], "repair", print)
    after = api.read("apps/v1", "Deployment", QUERIER, namespace)
    assert before
    assert after
    assert after["spec"] == before["spec"]
    assert "example.com/owner" not in after["metadata"]["annotations"]
    assert differences(platform) == []


def test_key_that_somebody_added_to_a_config_map_is_drift_until_a_rollout_removes_it(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    for stage in ("loki", "tenants"):
        platform.apply(stage, platform.desired()[stage], "run", print)
    change = {"data": {"more.yaml": "overrides: {}"}}
    for name in ("loki-main", "loki-main-tenants"):
        CoreV1Api(api._client).patch_namespaced_config_map(name, namespace, change, field_manager="kubectl-edit")
    found = differences(platform)

    assert [finding.subject.path.rpartition("/")[2] for finding in found] == ["loki-main"]
    assert 'kubectl-edit added .data["more.yaml"]' in found[0].message
    platform.preview("tenants", platform.desired()["tenants"])
    for stage in ("loki", "tenants"):
        platform.apply(stage, platform.desired()[stage], "repair", print)
    for name in ("loki-main", "loki-main-tenants"):
        stored = api.read("v1", "ConfigMap", name, namespace)
        assert stored
        assert "more.yaml" not in stored["data"]


@pytest.fixture
def prometheus_rules(api: Api) -> Iterator[None]:
    """The kind PrometheusRule, as far as a rollout needs it."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "prometheusrules.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "scope": "Namespaced",
            "names": {"kind": "PrometheusRule", "plural": "prometheusrules"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    api.create(crd, "")
    wait_for(lambda: is_served(api))
    yield
    api.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", "prometheusrules.monitoring.coreos.com", "")


def is_served(api: Api) -> bool:
    try:
        # What a client has discovered, it keeps.
        Api(api.access).items("monitoring.coreos.com/v1", "PrometheusRule", "default")
    except ApiError:
        return False
    return True


@pytest.mark.usefixtures("prometheus_rules")
def test_alert_that_somebody_removed_from_a_prometheus_rule_is_drift(
    cluster: KubernetesCluster, api: Api, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    operator = ("platform.prometheus_operator", True)
    platform = platform_of(small_environment(chart, namespace, operator), cluster, loki)
    platform.apply("storage", platform.desired()["storage"], "run", print)
    (name, *_) = (
        rule["metadata"]["name"] for rule in api.items("monitoring.coreos.com/v1", "PrometheusRule", namespace)
    )
    CustomObjectsApi(api._client).patch_namespaced_custom_object(
        "monitoring.coreos.com", "v1", namespace, "prometheusrules", name, {"spec": {"groups": []}}
    )
    found = platform.preview("storage", platform.desired()["storage"])

    assert [diff.object for diff in found.diffs] == [f"PrometheusRule {namespace}/{name}"]
    assert "owns .spec.groups" in found.marks[0].message


def test_replicas_of_an_autoscaler_are_no_drift_and_a_rollout_leaves_them(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    platform.apply("loki", platform.desired()["loki"], "run", print)
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": QUERIER},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": QUERIER},
            "minReplicas": 4,
            "maxReplicas": 5,
        },
    }
    api.create(autoscaler, namespace)
    wait_for(lambda: replicas(api, namespace) == 4)

    assert differences(platform) == []
    assert not platform.preview("loki", platform.desired()["loki"]).changed
    messages: list[str] = []
    platform.apply("loki", platform.desired()["loki"], "again", messages.append)
    assert messages == ["release loki-main is as declared"]
    assert replicas(api, namespace) == 4


def replicas(api: Api, namespace: str) -> int:
    deployment = api.read("apps/v1", "Deployment", QUERIER, namespace)
    assert deployment
    return int(deployment["spec"]["replicas"])


def test_pod_with_another_image_than_its_workload_is_drift(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    platform.apply("loki", platform.desired()["loki"], "run", print)
    pod = api.items("v1", "Pod", namespace, "app.kubernetes.io/component=querier")[0]["metadata"]["name"]
    other = {"spec": {"containers": [{"name": "loki", "image": "grafana/loki:3.6.0"}]}}
    CoreV1Api(api._client).patch_namespaced_pod(pod, namespace, other)
    (finding,) = differences(platform, VERSION_SKEW)

    assert finding.message == f"Pod {pod} runs loki 3.6.0, and its workload declares 3.7.6."
    assert differences(platform) == []


def test_work_of_controllers_is_no_drift(platform: KubernetesPlatform, api: Api, namespace: str) -> None:
    platform.apply("loki", platform.desired()["loki"], "run", print)
    annotation = {"metadata": {"annotations": {"cloud.example.com/address": "10.0.0.1"}}}
    CoreV1Api(api._client).patch_namespaced_service(
        "loki-main-ingester-headless", namespace, annotation, field_manager="azure-cloud-controller-manager"
    )
    AppsV1Api(api._client).patch_namespaced_deployment_status(
        QUERIER, namespace, {"status": {"collisionCount": 1}}, field_manager="a-program-without-a-known-name"
    )
    assert differences(platform) == []
