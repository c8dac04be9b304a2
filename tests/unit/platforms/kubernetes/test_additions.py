"""Fields that somebody added to an object: found by their owner, and taken out of the object."""

import json
from typing import Any

import pytest

from logops.platforms.kubernetes.plan.additions import additions, without_additions


def entry(manager: str, fields: dict[str, Any], subresource: str = "", operation: str = "Update") -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "time": "2030-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **({"subresource": subresource} if subresource else {}),
    }


def container(**below: Any) -> dict[str, Any]:
    """Return the owned fields of the container `loki`."""
    return {"f:template": {"f:spec": {"f:containers": {'k:{"name":"loki"}': below}}}}


HELM = entry("helm", {"f:spec": {"f:replicas": {}, **container(**{".": {}, "f:image": {}, "f:name": {}})}}, "", "Apply")


def deployment(*entries: dict[str, Any], **container_fields: Any) -> dict[str, Any]:
    loki = {"name": "loki", "image": "grafana/loki:3.7.6", **container_fields}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "querier", "annotations": {"team": "x", "a/b": "y"}, "managedFields": [HELM, *entries]},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [loki]}}},
        "status": {"replicas": 3},
    }


def found(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    return [(addition.conflict.field, addition.conflict.owner) for addition in additions(manifest)]


def test_item_that_somebody_added_to_a_declared_list_is_found_and_taken_out_alone() -> None:
    env = [{"name": "DEBUG", "value": "1"}, {"name": "KEPT", "value": "2"}]
    by_hand = entry(
        "kubectl-edit", {"f:spec": container(**{"f:env": {'k:{"name":"DEBUG"}': {".": {}, "f:value": {}}}})}
    )
    by_helm = entry("helm", {"f:spec": container(**{"f:env": {'k:{"name":"KEPT"}': {".": {}}}})}, "", "Apply")
    manifest = deployment(by_hand, by_helm, env=env)

    assert found(manifest) == [(".spec.template.spec.containers[loki].env[DEBUG]", "kubectl-edit")]
    left = without_additions(manifest, additions(manifest))
    assert left["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "KEPT", "value": "2"}]


def test_list_that_only_somebody_else_owns_is_taken_out_whole() -> None:
    by_hand = entry("kubectl-edit", {"f:spec": container(**{"f:env": {".": {}, 'k:{"name":"DEBUG"}': {".": {}}}})})
    manifest = deployment(by_hand, env=[{"name": "DEBUG", "value": "1"}])

    assert found(manifest) == [(".spec.template.spec.containers[loki].env", "kubectl-edit")]
    left = without_additions(manifest, additions(manifest))
    assert left["spec"]["template"]["spec"]["containers"] == [{"name": "loki", "image": "grafana/loki:3.7.6"}]


def test_annotation_with_a_slash_is_named_in_quotes() -> None:
    manifest = deployment(entry("kubectl-annotate", {"f:metadata": {"f:annotations": {".": {}, "f:a/b": {}}}}))
    assert found(manifest) == [(".metadata.annotations", "kubectl-annotate")]

    ours = entry("helm", {"f:metadata": {"f:annotations": {".": {}, "f:team": {}}}}, "", "Apply")
    manifest["metadata"]["managedFields"].append(ours)
    assert found(manifest) == [('.metadata.annotations["a/b"]', "kubectl-annotate")]
    assert without_additions(manifest, additions(manifest))["metadata"]["annotations"] == {"team": "x"}


def test_value_of_a_set_is_taken_out_alone() -> None:
    manifest = deployment()
    manifest["metadata"] |= {"finalizers": ["example.com/keep", "example.com/mine"]}
    manifest["metadata"]["managedFields"] += [
        entry("kubectl-patch", {"f:metadata": {"f:finalizers": {'v:"example.com/mine"': {}}}}),
        entry("loki-operator", {"f:metadata": {"f:finalizers": {".": {}, 'v:"example.com/keep"': {}}}}),
    ]
    assert found(manifest) == [(".metadata.finalizers[example.com/mine]", "kubectl-patch")]
    assert without_additions(manifest, additions(manifest))["metadata"]["finalizers"] == ["example.com/keep"]


@pytest.mark.parametrize(
    "manager",
    [
        "kube-controller-manager",
        "azure-cloud-controller-manager",
        "kubelet",
        "cert-manager-cainjector",
        "keda-operator",
        "PrometheusOperator",
        "horizontal-pod-autoscaler",
        "manager",
    ],
)
def test_field_of_a_known_controller_is_no_addition(manager: str) -> None:
    assert found(deployment(entry(manager, {"f:metadata": {"f:annotations": {"f:team": {}}}}))) == []


@pytest.mark.parametrize("manager", ["kubectl-edit", "kubectl", "Mozilla", "python-requests", ""])
def test_field_of_a_person_s_program_is_an_addition(manager: str) -> None:
    (addition,) = additions(deployment(entry(manager, {"f:metadata": {"f:annotations": {"f:team": {}}}})))
    assert addition.conflict.owner == (manager or "an unnamed program")


def test_status_is_no_addition_whoever_wrote_it() -> None:
    assert found(deployment(entry("a-program", {"f:status": {"f:replicas": {}}}, "status"))) == []


def test_restart_by_kubectl_is_no_addition() -> None:
    restarted = {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}
    manifest = deployment(entry("kubectl-rollout", {"f:spec": {"f:template": {"f:metadata": restarted}}}))
    manifest["spec"]["template"]["metadata"] = {"annotations": {"kubectl.kubernetes.io/restartedAt": "2030-01-01"}}
    assert found(manifest) == []


def test_declared_field_that_somebody_else_owns_too_is_no_addition() -> None:
    assert found(deployment(entry("kubectl-edit", {"f:spec": {"f:replicas": {}}}))) == []


def test_field_that_is_gone_already_is_no_addition() -> None:
    assert found(deployment(entry("kubectl-edit", {"f:spec": {"f:paused": {}}}))) == []


def test_object_without_managed_fields_has_no_addition() -> None:
    manifest = deployment()
    del manifest["metadata"]["managedFields"]
    assert (additions(manifest), without_additions(manifest, [])) == ([], manifest)


def test_taking_out_changes_nothing_of_the_given_object() -> None:
    manifest = deployment(entry("kubectl-edit", {"f:metadata": {"f:annotations": {"f:team": {}}}}))
    text = json.dumps(manifest)
    without_additions(manifest, additions(manifest))
    assert json.dumps(manifest) == text
