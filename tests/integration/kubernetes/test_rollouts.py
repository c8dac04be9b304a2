"""Rollouts of Loki's release against a real API server. No container runs: the ring and the flushes are a fake's."""

from typing import Any

import pytest

from logops.findings.classes.rollout import FIELD_CONFLICT, FIELD_IMMUTABLE
from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.platform import KubernetesPlatform
from logops.platforms.platform import PlatformError
from logops.platforms.preview import Preview
from tests.support.kubernetes_platforms import Chart, FakeLoki, zones


def apply_loki(platform: KubernetesPlatform, owner: str = "run") -> list[str]:
    """Apply the stage `loki` and return the messages."""
    messages: list[str] = []
    platform.apply("loki", platform.desired()["loki"], owner, messages.append)
    return messages


def preview(platform: KubernetesPlatform) -> Preview:
    return platform.preview("loki", platform.desired()["loki"])


def verbs(found: Preview) -> dict[str, str]:
    """Return object -> verb, without namespaces."""
    return {" ".join((diff.object.split()[0], diff.object.rpartition("/")[2])): diff.verb for diff in found.diffs}


def uids(api: Api, namespace: str) -> dict[str, str]:
    pods = api.items("v1", "Pod", namespace, "app.kubernetes.io/component=ingester")
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}


def test_first_rollout_is_planned_as_added_objects_then_installed(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    planned = verbs(preview(platform))
    apply_loki(platform)

    assert planned["StatefulSet loki-main-ingester"] == "add"
    assert planned["NetworkPolicy loki-main-pods"] == "add"
    assert len(uids(api, namespace)) == 3
    assert api.read("v1", "ConfigMap", "loki-main-tenants", namespace)
    assert platform.live("loki") == platform.desired()["loki"]


def test_second_rollout_changes_nothing(platform: KubernetesPlatform, api: Api, namespace: str) -> None:
    apply_loki(platform)
    pods = uids(api, namespace)
    found = preview(platform)
    messages = apply_loki(platform, "second run")

    assert (found.changed, list(found.marks)) == (False, [])
    assert messages == ["release loki-main is as declared"]
    assert uids(api, namespace) == pods


def test_changed_template_restarts_ingesters_one_by_one_with_flush(
    platform: KubernetesPlatform, api: Api, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    apply_loki(platform)
    pods = uids(api, namespace)
    chart.replace("grafana/loki:3.7.6", "grafana/loki:3.7.8")
    found = preview(platform)
    messages = apply_loki(platform, "upgrade")

    assert found.restarts[f"StatefulSet {namespace}/loki-main-ingester"] == "3 pods, one by one, by logops"
    assert [mark.cls.name for mark in found.marks] == ["loki-upgrade"]
    assert loki.flushed == ["loki-main-ingester-2", "loki-main-ingester-1", "loki-main-ingester-0"]
    assert [message for message in messages if message.startswith("restarting")] == [
        f"restarting loki-main-ingester-{number}: 3 ingesters are ACTIVE" for number in (2, 1, 0)
    ]
    assert not {*pods.values()} & {*uids(api, namespace).values()}
    assert not preview(platform).changed


def test_ingesters_in_zones_are_restarted_zone_after_zone(
    platform: KubernetesPlatform, api: Api, namespace: str, chart: Chart, loki: FakeLoki
) -> None:
    pods = zones(api, chart, namespace, loki)
    apply_loki(platform)
    chart.replace("grafana/loki:3.7.6", "grafana/loki:3.7.8")
    found = preview(platform)
    messages = apply_loki(platform, "upgrade")

    ingesters = [name for name in found.restarts if "ingester" in name]
    assert ingesters == [f"StatefulSet {namespace}/{pod.removesuffix('-0')}" for pod in pods]
    assert {found.restarts[name] for name in ingesters} == {"1 pod, one by one, by logops"}
    # None of ingesters that stop together.
    assert [mark.cls.name for mark in found.marks] == ["loki-upgrade"]
    assert loki.flushed == pods
    assert [message for message in messages if message.startswith("restarting")] == [
        f"restarting {pod}: 3 ingesters are ACTIVE" for pod in pods
    ]


def test_zone_that_does_not_come_back_stops_before_the_next_zone(
    platform: KubernetesPlatform,
    api: Api,
    namespace: str,
    chart: Chart,
    loki: FakeLoki,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *others = zones(api, chart, namespace, loki)
    apply_loki(platform)
    before = uids(api, namespace)
    chart.replace("grafana/loki:3.7.6", "grafana/loki:3.7.8")
    loki.leaves.add(first)
    monkeypatch.setattr(platform, "_restarted_within_s", 10.0)
    with pytest.raises(PlatformError, match=f"after the restart of {first}: {first} is LEAVING, not within 10 s"):
        apply_loki(platform, "upgrade")

    after = uids(api, namespace)
    assert after[first] != before[first]
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    assert sorted(verbs(preview(platform))) == [f"Pod {name}" for name in others]


def test_ring_with_a_leaving_member_stops_the_restarts_and_the_plan_shows_the_waiting_pods(
    platform: KubernetesPlatform,
    api: Api,
    namespace: str,
    chart: Chart,
    loki: FakeLoki,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply_loki(platform)
    pods = uids(api, namespace)
    chart.replace("grafana/loki:3.7.6", "grafana/loki:3.7.8")
    loki.states["loki-main-ingester-1"] = "LEAVING"
    monkeypatch.setattr(platform, "_restarted_within_s", 1.0)
    with pytest.raises(PlatformError, match="-ingester-2: loki-main-ingester-1 is LEAVING, not within 1 s"):
        apply_loki(platform, "upgrade")

    assert uids(api, namespace) == pods
    assert sorted(verbs(preview(platform))) == [f"Pod loki-main-ingester-{number}" for number in range(3)]
    loki.states["loki-main-ingester-1"] = "ACTIVE"
    monkeypatch.setattr(platform, "_restarted_within_s", 40.0)
    apply_loki(platform, "upgrade")
    assert not preview(platform).changed


def test_release_that_does_not_become_ready_is_rolled_back(
    platform: KubernetesPlatform, api: Api, namespace: str, chart: Chart, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_loki(platform)
    first = platform.live("loki")
    chart.replace("grafana/loki:3.7.6", "grafana/loki:broken")
    monkeypatch.setattr(platform, "_ready_within_s", 5.0)
    with pytest.raises(PlatformError, match=r"applying release .*/loki-main: .*loki-main-querier"):
        apply_loki(platform, "failing")
    chart.replace("grafana/loki:broken", "grafana/loki:3.7.6")
    monkeypatch.setattr(platform, "_ready_within_s", 40.0)
    platform.roll_back("loki", "failing", print)

    image = api.read("apps/v1", "Deployment", "loki-main-querier", namespace)
    assert image
    assert image["spec"]["template"]["spec"]["containers"][0]["image"] == "grafana/loki:3.7.6"
    assert platform.live("loki") == first


def test_first_rollout_that_fails_leaves_no_release(
    platform: KubernetesPlatform, api: Api, namespace: str, chart: Chart, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart.replace("grafana/loki:3.7.6", "grafana/loki:broken")
    monkeypatch.setattr(platform, "_ready_within_s", 5.0)
    with pytest.raises(PlatformError):
        apply_loki(platform, "failing")
    assert platform.roll_back("loki", "failing", print) is None

    assert api.read("apps/v1", "Deployment", "loki-main-querier", namespace) is None
    assert api.read("networking.k8s.io/v1", "NetworkPolicy", "loki-main-pods", namespace) is None
    assert not platform.live("loki")


def test_immutable_field_refuses_the_plan_with_its_name(platform: KubernetesPlatform, chart: Chart) -> None:
    apply_loki(platform)
    chart.replace("podManagementPolicy: Parallel", "podManagementPolicy: OrderedReady")
    (mark,) = preview(platform).marks

    assert (mark.cls, mark.refuses) == (FIELD_IMMUTABLE, "always")
    assert "spec.podManagementPolicy" in mark.message


def test_edit_by_hand_is_in_the_plan_with_its_owner_and_an_accepted_rollout_takes_it_back(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    apply_loki(platform)
    edit = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "loki-main-querier"},
        "spec": {"replicas": 1},
    }
    api.put(edit, namespace, "kubectl-edit", force=True)
    found = preview(platform)
    (diff,) = found.diffs
    (mark,) = found.marks

    assert diff.lines == ("-spec.replicas: 1", "+spec.replicas: 3")
    assert (mark.cls, mark.refuses) == (FIELD_CONFLICT, "until accepted")
    assert "kubectl-edit owns .spec.replicas" in mark.message
    # The rollout asks for acceptance before it calls `apply`.
    apply_loki(platform, "repair")
    assert not preview(platform).changed


def test_conflict_that_no_plan_has_shown_is_never_forced(
    platform: KubernetesPlatform, api: Api, namespace: str
) -> None:
    apply_loki(platform)
    edit: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "loki-main-querier"},
        "spec": {"replicas": 1},
    }
    api.put(edit, namespace, "kubectl-edit", force=True)
    with pytest.raises(PlatformError, match=r"kubectl-edit owns .spec.replicas. Nothing was changed there."):
        apply_loki(platform, "repair")

    kept = api.read("apps/v1", "Deployment", "loki-main-querier", namespace)
    assert kept
    assert kept["spec"]["replicas"] == 1
