"""Plans and approved stages, as the terminal and the DAG make them, on a real API server."""

from datetime import UTC, datetime

import pytest

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.render import Files
from logops.rollout import Approval, Plan, RolloutRefusedError, plan, refuse_plan
from logops.rollout.acceptance import Acceptance
from logops.rollout.apply import apply_stage, roll_back
from logops.stages import Stage
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.kubernetes_platforms import Chart, FakeLoki, platform_of, small_environment

STAGES: tuple[Stage, ...] = ("loki", "tenants")


def planned(platform: KubernetesPlatform, *accepted: str) -> Plan:
    return plan(platform, STAGES, accepted=[Acceptance(name, "a test") for name in accepted])


def apply(platform: KubernetesPlatform, approved: Plan, owner: str) -> list[str]:
    """Apply the stages of a plan, and return those that changed."""
    approval = Approval(approved.digest, "a person", datetime.now(UTC), "terminal")
    changed = [stage for stage in STAGES if apply_stage(platform, approved, stage, approval, owner, print)]
    platform.release_lease(owner)
    return changed


def edit_by_hand(api: Api, namespace: str) -> None:
    """Scale the queriers, as `kubectl edit` does."""
    edit = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "loki-main-querier"},
        "spec": {"replicas": 1},
    }
    api.put(edit, namespace, "kubectl-edit", force=True)


def test_approved_plan_is_applied_and_the_next_plan_changes_nothing(platform: KubernetesPlatform) -> None:
    first = planned(platform)
    applied = apply(platform, first, "first")
    second = planned(platform)

    assert applied == ["loki", "tenants"]
    assert "StatefulSet" in first.markdown()
    assert (second.changed, apply(platform, second, "second")) == (False, [])


def with_period(
    chart: Chart, namespace: str, cluster: KubernetesCluster, loki: FakeLoki, begins: str
) -> KubernetesPlatform:
    """Return the platform of the environment with another schema period."""
    periods = [
        {"from": "2024-01-01", "store": "tsdb", "schema": "v13", "index_prefix": "loki_index_"},
        {"from": begins, "store": "tsdb", "schema": "v13", "index_prefix": "loki_index_2_"},
    ]
    return platform_of(small_environment(chart, namespace, ("clusters.main.schema_periods", periods)), cluster, loki)


def test_schema_period_of_the_future_is_named_in_the_plan_and_reaches_every_ingester(
    platform: KubernetesPlatform, api: Api, namespace: str, chart: Chart, cluster: KubernetesCluster, loki: FakeLoki
) -> None:
    apply(platform, planned(platform), "first")
    changed = with_period(chart, namespace, cluster, loki, "2100-01-01")
    approved = planned(changed)
    refuse_plan(approved)
    apply(changed, approved, "new period")
    stored = api.read("v1", "ConfigMap", "loki-main", namespace)

    assert [(period.cluster, str(period.begins)) for period in approved.new_periods] == [("main", "2100-01-01")]
    assert approved.marks == ()
    assert stored
    assert "prefix: loki_index_2_" in stored["data"]["config.yaml"]
    assert loki.flushed == [f"loki-main-ingester-{number}" for number in (2, 1, 0)]


def test_schema_period_of_the_past_refuses_the_plan_until_a_person_accepts_it(
    platform: KubernetesPlatform, namespace: str, chart: Chart, cluster: KubernetesCluster, loki: FakeLoki
) -> None:
    apply(platform, planned(platform), "first")
    changed = with_period(chart, namespace, cluster, loki, "2025-01-01")
    with pytest.raises(RolloutRefusedError, match="schema period of 2025-01-01 begins today or earlier"):
        refuse_plan(planned(changed))

    refuse_plan(planned(changed, "schema-period-changed"))


def test_edit_by_hand_refuses_the_plan_until_a_person_accepts_it(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    apply(platform, planned(platform), "first")
    edit_by_hand(api, namespace)
    refused = planned(platform)
    with pytest.raises(RolloutRefusedError, match=r"kubectl-edit owns \.spec\.replicas"):
        refuse_plan(refused)

    accepted = planned(platform, "field-conflict")
    refuse_plan(accepted)
    assert apply(platform, accepted, "repair") == ["loki"]
    assert not planned(platform).changed


def test_object_that_changes_after_the_plan_makes_it_stale(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    apply(platform, planned(platform), "first")
    api.delete("policy/v1", "PodDisruptionBudget", "loki-main-ingester", namespace)
    approved = planned(platform)
    api.delete("v1", "Service", "loki-main-ingester-headless", namespace)
    with pytest.raises(RolloutRefusedError, match="the plan has gone stale"):
        apply(platform, approved, "repair")


def test_failed_run_is_rolled_back_stage_by_stage(platform: KubernetesPlatform) -> None:
    first = planned(platform)
    apply(platform, first, "first")
    wanted = platform.desired()["tenants"]
    more = {name: text.replace("ingestion_rate_mb: 20", "ingestion_rate_mb: 21") for name, text in wanted.items()}
    platform.apply("tenants", Files(more), "failing", print)

    assert planned(platform).changed
    assert [stage for stage, _ in roll_back(platform, "failing", print)] == ["tenants"]
    assert not planned(platform).changed


def test_secret_that_is_not_known_here_refuses_the_plan_and_the_rest_is_compared(
    platform: KubernetesPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = platform.desired()["loki"]
    secret = (
        "name: loki-main-storage\nnamespace: "
        f"{platform.environment.namespace('main')}\nvalues: {{KEY: {{connection: storage}}}}\nusers: {{}}\n"
    )
    monkeypatch.delenv("LOGOPS_CONNECTION_STORAGE", raising=False)
    found = platform.preview("loki", Files({**files, "loki/secrets/loki-main-storage.yaml": secret}))

    assert [(mark.cls.name, mark.refuses) for mark in found.marks] == [("secret-missing", "always")]
    assert "Create the Airflow connection 'storage'" in found.marks[0].remedy
    assert len(found.diffs) == 6
