"""What a plan on Kubernetes marks before it is approved."""

import copy
from typing import Any

import pytest

from logops.platforms.kubernetes.plan.cluster_plan import cluster_plan
from logops.platforms.kubernetes.plan.proposal import Conflict, Proposal
from logops.platforms.preview import Mark
from tests.support.kubernetes_objects import apart, claim, config_map, manifest, node, workload

NODES = [node("a"), node("b"), node("c")]


def marks(*proposals: Proposal, nodes: list[dict[str, Any]] = NODES) -> list[Mark]:
    return list(cluster_plan(proposals, nodes).marks)


def only_mark(*proposals: Proposal, nodes: list[dict[str, Any]] = NODES) -> Mark:
    found = marks(*proposals, nodes=nodes)
    assert len(found) == 1, found
    return found[0]


def change(before: dict[str, Any] | None, after: dict[str, Any] | None, **more: Any) -> Proposal:
    return Proposal(before, after, after, **more)


def refused(before: dict[str, Any], rendered: dict[str, Any]) -> Proposal:
    return Proposal(before, rendered, None, refused="updates to statefulset spec are forbidden")


def test_unchanged_objects_give_an_empty_plan() -> None:
    before = {**workload(), "status": {"replicas": 3}}
    after = copy.deepcopy(before)
    after["metadata"]["managedFields"] = [{"manager": "helm"}]
    plan = cluster_plan([change(before, after)], NODES)

    assert (plan.changed, plan.marks, plan.base) == (False, [], plan.digest)


def test_changes_are_ordered_by_component() -> None:
    plan = cluster_plan(
        [
            change(None, workload("Deployment", "loki-querier", part="querier")),
            change(workload(), None),
            change(config_map(a="1"), config_map(a="2")),
        ],
        NODES,
    )

    assert [(diff.verb, diff.name) for diff in plan.diffs] == [
        ("change", "loki: ConfigMap monitoring/loki"),
        ("remove", "loki / ingester: StatefulSet monitoring/loki-ingester"),
        ("add", "loki / querier: Deployment monitoring/loki-querier"),
    ]


def test_dry_run_that_failed_is_unknown_and_refuses() -> None:
    mark = only_mark(Proposal(config_map(a="1"), config_map(a="2"), None, unknown="The webhook w has no dry run."))

    assert (mark.cls.name, mark.refuses) == ("plan-unknown", "always")
    assert mark.message == "ConfigMap monitoring/loki: what would change is unknown. The webhook w has no dry run."


def test_immutable_field_is_named_and_refuses() -> None:
    mark = only_mark(refused(workload(serviceName="old"), workload(serviceName="new")))

    assert (mark.cls.name, mark.refuses) == ("field-immutable", "always")
    assert mark.message == "StatefulSet monitoring/loki-ingester: Kubernetes never changes spec.serviceName."


def test_added_fields_are_named_with_their_owner_until_accepted() -> None:
    added = (Conflict(".spec.paused", "kubectl-edit"), Conflict(".spec.minReadySeconds", "kubectl-edit"))
    mark = only_mark(Proposal(config_map(a="1"), config_map(a="2"), config_map(a="2"), added=added))

    assert (mark.cls.name, mark.refuses) == ("field-conflict", "until accepted")
    assert mark.message == (
        "ConfigMap monitoring/loki: kubectl-edit added .spec.paused, .spec.minReadySeconds. Nothing declares them, "
        "and the plan removes them."
    )


def test_refused_change_without_immutable_field_has_the_servers_words() -> None:
    mark = only_mark(Proposal(None, workload(), None, refused="exceeded quota: pods"))

    assert (mark.cls.name, mark.refuses) == ("change-refused", "always")
    assert mark.message == (
        "StatefulSet monitoring/loki-ingester: the API server refuses the change. exceeded quota: pods."
    )


def test_field_of_somebody_else_names_the_owner_and_waits_for_a_person() -> None:
    conflict = Conflict(".spec.replicas", "kubectl-edit, 2026-11-29 02:10:00 UTC")
    mark = only_mark(change(workload(), workload(replicas=4), conflicts=(conflict,)))

    assert (mark.cls.name, mark.refuses) == ("field-conflict", "until accepted")
    assert mark.message == (
        "StatefulSet monitoring/loki-ingester: kubectl-edit, 2026-11-29 02:10:00 UTC owns .spec.replicas, and the plan "
        "changes it."
    )


def with_claim(**of_claim: str) -> dict[str, Any]:
    return workload(volumeClaimTemplates=claim(**of_claim))


@pytest.mark.parametrize(
    ("after", "refuses", "words"),
    [
        (with_claim(size="20Gi"), "until accepted", "volume data grows, 10Gi -> 20Gi"),
        (with_claim(size="5Gi"), "always", "volume data would shrink, 10Gi -> 5Gi"),
        (with_claim(storage_class="slow"), "always", "the storage class of volume data would change, fast -> slow"),
        (workload(), "until accepted", "loses its volume"),
    ],
)
def test_change_of_a_volume_is_marked(after: dict[str, Any], refuses: str, words: str) -> None:
    found = marks(
        refused(with_claim(), after) if after["spec"].get("volumeClaimTemplates") else change(with_claim(), after)
    )

    assert [(mark.cls.name, mark.refuses) for mark in found if words in mark.message] == [("volume-change", refuses)]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (manifest("PersistentVolumeClaim", "data-0", spec={}), None, "is deleted, with everything in it"),
        (workload(part="compactor", volumeClaimTemplates=claim()), None, "Its volumes (data) stay, and nothing reads"),
        (
            workload(
                part="compactor",
                volumeClaimTemplates=claim(),
                persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"},
            ),
            None,
            "Kubernetes deletes its volumes (data): their data is lost",
        ),
        (with_claim(), workload(replicas=2, volumeClaimTemplates=claim()), "replicas 3 -> 2"),
    ],
)
def test_deleted_data_waits_for_a_person(before: dict[str, Any], after: dict[str, Any] | None, words: str) -> None:
    mark = only_mark(change(before, after))

    assert (mark.cls.name, mark.refuses) == ("data-deleted", "until accepted")
    assert words in mark.message


def updated(name: str = "loki-ingester", **spec: Any) -> Proposal:
    return change(workload(name=name, **spec), workload(name=name, memory="2Gi", **spec))


@pytest.mark.parametrize(
    ("proposals", "message"),
    [
        (
            [updated("loki-ingester-zone-a"), updated("loki-ingester-zone-b")],
            "2 ingesters of 2 zones can stop at the same moment: loki-ingester-zone-a: its update stops 1 at once; "
            "loki-ingester-zone-b: its update stops 1 at once.",
        ),
        (
            [updated(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}})],
            "2 ingesters can stop at the same moment: loki-ingester: its update stops 2 at once.",
        ),
        (
            [change(workload(replicas=5), workload(replicas=3))],
            "2 ingesters can stop at the same moment: loki-ingester: 2 fewer replicas.",
        ),
    ],
)
def test_ingesters_that_stop_together_are_marked(proposals: list[Proposal], message: str) -> None:
    mark = only_mark(*proposals)

    assert (mark.cls.name, mark.refuses) == ("ingesters-together", "until accepted")
    assert mark.message == f"{message} Lines that only these have are lost, and pushes fail without a quorum."


@pytest.mark.parametrize(
    "proposals",
    [
        [updated()],
        [
            updated(name, updateStrategy={"type": "OnDelete"})
            for name in ("loki-ingester-zone-a", "loki-ingester-zone-b")
        ],
        [
            updated("loki-ingester-zone-a"),
            change(workload(name="loki-ingester-zone-b"), workload(name="loki-ingester-zone-b")),
        ],
    ],
)
def test_ingesters_that_stop_one_by_one_have_no_mark(proposals: list[Proposal]) -> None:
    assert marks(*proposals) == []


def created(**fields: Any) -> Proposal:
    return change(None, workload("Deployment", "loki-querier", part="querier", **fields))


@pytest.mark.parametrize(
    ("proposal", "nodes", "words"),
    [
        (
            created(memory="20Gi"),
            NODES,
            "of 3 nodes, none can run its pod: 3 nodes: 16.0 GiB for pods, and the pod requests 20.0 GiB",
        ),
        (
            created(pod={"nodeSelector": {"disk": "ssd"}}),
            NODES,
            "of 3 nodes, none can run its pod: 3 nodes: lacks the label disk=ssd",
        ),
        (
            created(),
            [node("a", taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])],
            "of 1 node, none can run its pod: 1 node: has the taint gpu=yes",
        ),
        (
            created(replicas=4, pod=apart()),
            NODES,
            "4 replicas must run on as many different nodes, and 3 can run them",
        ),
        (created(), [], "the cluster has no node"),
    ],
)
def test_pod_that_fits_no_node_is_marked_with_the_reason(
    proposal: Proposal, nodes: list[dict[str, Any]], words: str
) -> None:
    mark = only_mark(proposal, nodes=nodes)

    assert (mark.cls.name, mark.refuses) == ("pod-unschedulable", "no")
    assert mark.message == f"Deployment monitoring/loki-querier: {words}."


def test_update_that_needs_one_node_more_is_marked() -> None:
    before, after = (
        workload("Deployment", "loki-gateway", part="gateway", pod=apart(), memory=memory) for memory in ("1Gi", "2Gi")
    )
    mark = only_mark(change(before, after))

    assert "its update starts one pod more before it stops one, and there are 3 for 3 replicas" in mark.message


def test_pods_that_tolerate_and_fit_have_no_mark() -> None:
    tainted = node("d", taints=[{"key": "logs", "effect": "NoSchedule"}])
    pod = {**apart(), "tolerations": [{"operator": "Exists"}]}

    assert marks(created(replicas=4, pod=pod), nodes=[*NODES, tainted]) == []


def test_new_version_of_loki_is_marked_with_its_workloads() -> None:
    proposals = [
        change(
            workload("Deployment", f"loki-{part}", part=part),
            workload("Deployment", f"loki-{part}", part=part, image="grafana/loki:3.7.8"),
        )
        for part in ("querier", "distributor")
    ]
    mark = only_mark(*proposals)

    assert (mark.cls.name, mark.refuses) == ("loki-upgrade", "no")
    assert mark.message == (
        "Loki 3.7.6 -> 3.7.8 in 2 workloads: loki-distributor, loki-querier. All their pods restart."
    )
