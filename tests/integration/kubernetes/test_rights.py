"""The roles that `logops rights` prints are enough, with a service account that has no other right."""

from collections.abc import Callable
from typing import Any

import pytest

from logops.environment import Environment
from logops.platforms.kubernetes.api import Api, ApiError
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.render.kubernetes.rights import check_name, check_rights, rights
from tests.integration.kubernetes.test_drift import differences
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import Chart, FakeLoki, new_account, platform_of, small_environment
from tests.support.waiting import wait_for

Rights = Callable[[Environment, str, str], list[dict[str, Any]]]


@pytest.fixture
def wanted(chart: Chart, namespace: str) -> Environment:
    return small_environment(chart, namespace)


@pytest.fixture
def as_account(
    wanted: Environment, cluster: KubernetesCluster, api: Api, namespace: str, loki: FakeLoki
) -> Callable[[str, Rights], KubernetesPlatform]:
    """Return the platform as a new service account with rights."""

    def log_in(name: str, give: Rights) -> KubernetesPlatform:
        token = new_account(api, name, namespace)
        for each in give(wanted, name, namespace):
            api.put(each, each["metadata"].get("namespace", ""), "admin", force=True)
        return platform_of(wanted, cluster, loki, cluster.kubeconfig(token, name))

    return log_in


def test_rights_of_a_rollout_are_enough_for_it_and_its_rollback(
    as_account: Callable[[str, Rights], KubernetesPlatform], chart: Chart
) -> None:
    platform = as_account("deployer", rights)
    platform.acquire_lease("run")
    platform.apply("loki", platform.desired()["loki"], "run", print)
    platform.apply("tenants", platform.desired()["tenants"], "run", print)
    platform.release_lease("run")
    platform.acquire_lease("upgrade")
    chart.replace("grafana/loki:3.7.6", "grafana/loki:3.7.8")
    platform.apply("loki", platform.desired()["loki"], "upgrade", print)

    assert not platform.preview("loki", platform.desired()["loki"]).changed
    assert len(platform.processes()) == 6
    assert platform.roll_back("loki", "upgrade", print)
    assert platform.release_lease("upgrade")


def test_rights_of_a_drift_check_are_enough_for_it_and_change_nothing(
    platform: KubernetesPlatform,
    as_account: Callable[[str, Rights], KubernetesPlatform],
    api: Api,
    namespace: str,
) -> None:
    platform.apply("loki", platform.desired()["loki"], "run", print)
    checker = as_account("checker", check_rights)
    edit = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "loki-main"}, "data": {"more": "x"}}
    api.put(edit, namespace, "kubectl-edit", force=True)
    try:
        wait_for(lambda: is_refused(checker, edit, namespace))
        (finding,) = differences(checker)
        assert checker.api.forward("loki-main-ingester-0", namespace, 3100)
        with pytest.raises(ApiError, match="may try changes, and make none"):
            checker.apply("loki", checker.desired()["loki"], "another run", print)
        with pytest.raises(ApiError, match="cannot delete resource"):
            checker.api.delete("v1", "ConfigMap", "loki-main", namespace)
    finally:
        for kind in ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"):
            api.delete("admissionregistration.k8s.io/v1", kind, check_name(platform.environment), "")

    assert "kubectl-edit added .data.more" in finding.message
    assert checker.rollout_since() is None


def is_refused(checker: KubernetesPlatform, manifest: dict[str, Any], namespace: str) -> bool:
    """Return whether the policy is in force: the API server learns of it after a moment."""
    try:
        checker.api.put(manifest, namespace, "checker")
    except ApiError as error:
        return "may try changes" in error.said
    return False
