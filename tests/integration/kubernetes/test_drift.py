"""Changes by hand on a cluster are drift, and a rollout that was never made is none."""

from datetime import UTC, datetime

from logops.drift.judge import Context, judged
from logops.drift.observe import observe
from logops.findings import Finding
from logops.findings.classes.drift import CONFIG_DRIFT
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform


def differences(platform: KubernetesPlatform) -> list[Finding]:
    """Return the differences of the stage `loki`, without those of processes: none runs."""
    desired = platform.desired()
    observed = observe(platform, platform, desired, ("loki",), print)
    findings = judged(Context(platform.environment, observed, desired, {}, datetime.now(UTC)))
    return [finding for finding in findings if finding.cls is CONFIG_DRIFT]


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
