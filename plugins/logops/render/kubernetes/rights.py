"""The rights that a rollout or a drift check needs in a cluster, as objects that an administrator applies once.

They are as small as the charts allow. The charts of agents make a ClusterRole. Kubernetes lets only a user do that who
has the same rights, or the verb `escalate`.

A drift check tries changes without making them. Kubernetes asks for the same rights as for making them, so a policy
refuses every change of its account that is not only tried.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from logops.environment.model import Environment
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.platform import kubernetes_platform

ROLLOUT = "logops-rollout"
_CHECK = "logops-check"
_RBAC = "rbac.authorization.k8s.io/v1"
_READ = ("get", "list", "watch")
_TRY = (*_READ, "create", "patch")
_CHANGE = (*_TRY, "update", "delete")
_POLICY = "admissionregistration.k8s.io/v1"
Rule = dict[str, list[str]]


def rights(environment: Environment, account: str, account_namespace: str) -> list[dict[str, Any]]:
    """Return the roles of a rollout, bound to a service account.

    A role in each namespace of the environment, and a role for the cluster.
    """
    subject = {"kind": "ServiceAccount", "name": account, "namespace": account_namespace}
    objects: list[dict[str, Any]] = []
    for namespace in namespaces(environment):
        rules = [*_namespace_rules(environment, _CHANGE), *_acting_rules()]
        objects += _bound("Role", ROLLOUT, namespace, rules, subject)
    objects += _bound("ClusterRole", ROLLOUT, "", _cluster_rules(environment, _CHANGE), subject)
    return objects


def check_rights(environment: Environment, account: str, account_namespace: str) -> list[dict[str, Any]]:
    """Return the roles of a drift check and of deliveries of alerts, and the policy that lets them change nothing."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": account_namespace}
    name = check_name(environment)
    # First, so that the account has no right before.
    objects = _only_tries(name, f"system:serviceaccount:{account_namespace}:{account}")
    for namespace in namespaces(environment):
        rules = [
            *_namespace_rules(environment, _TRY),
            _rule("", ["pods"], _READ),
            _FORWARDED,
            _rule("coordination.k8s.io", ["leases"], ("get",)),
        ]
        objects += _bound("Role", name, namespace, rules, subject)
    objects += _bound("ClusterRole", name, "", _cluster_rules(environment, _TRY), subject)
    return objects


def check_name(environment: Environment) -> str:
    """Return the name of the roles and of the policy. A policy is about one account: each environment has its own."""
    return f"{_CHECK}-{environment.name}"


def namespaces(environment: Environment) -> list[str]:
    """Return the namespaces of an environment: of its clusters, and of its agents."""
    return sorted({kubernetes_platform(environment).namespace, *map(environment.namespace, environment.clusters)})


def _namespace_rules(environment: Environment, verbs: Sequence[str]) -> Iterator[Rule]:
    """Yield the rules for the objects that charts and logops make."""
    yield _rule("", ["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"], verbs)
    yield _rule("apps", ["daemonsets", "deployments", "statefulsets"], verbs)
    yield _rule("networking.k8s.io", ["ingresses", "networkpolicies"], verbs)
    yield _rule("policy", ["poddisruptionbudgets"], verbs)
    yield _rule("rbac.authorization.k8s.io", ["rolebindings", "roles"], (*verbs, "bind", "escalate"))
    if kubernetes_platform(environment).prometheus_operator:
        yield _rule("monitoring.coreos.com", ["podmonitors", "prometheusrules", "servicemonitors"], verbs)


def _acting_rules() -> Iterator[Rule]:
    # Ingesters are restarted by deleting their pods, and the log of a pod that fails is shown.
    yield _rule("", ["pods"], (*_READ, "delete"))
    yield _rule("", ["pods/log"], ("get",))
    yield _FORWARDED
    yield _rule("", ["events"], _READ)
    # Helm waits for the pods of a Deployment.
    yield _rule("apps", ["replicasets"], _READ)
    yield _rule("coordination.k8s.io", ["leases"], _CHANGE)


def _cluster_rules(environment: Environment, verbs: Sequence[str]) -> Iterator[Rule]:
    # Whether the pods of a plan fit the nodes.
    yield _rule("", ["nodes"], ("get", "list"))
    yield {**_rule("", ["namespaces"], ("get",)), "resourceNames": namespaces(environment)}
    if environment.agents:
        yield _rule("rbac.authorization.k8s.io", ["clusterrolebindings", "clusterroles"], (*verbs, "bind", "escalate"))


def _rule(group: str, resources: list[str], verbs: Sequence[str]) -> Rule:
    return {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}


_FORWARDED = _rule("", ["pods/portforward"], ("get", "create"))
"""Loki is asked through ports that the API server forwards. `get` is the right for that on older servers."""


def _only_tries(name: str, user: str) -> list[dict[str, Any]]:
    """Return a policy that refuses what a user changes, except for dry runs."""
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": "drift-check", "expression": f"request.userInfo.username == '{user}'"}],
        "validations": [
            {
                # To read what Loki runs with, a port of its pod is forwarded.
                "expression": "has(request.dryRun) && request.dryRun"
                " || has(request.subResource) && request.subResource == 'portforward'",
                "message": "The drift check of logops may try changes, and make none.",
            }
        ],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return [
        _cluster_wide(_POLICY, "ValidatingAdmissionPolicy", name, {"spec": spec}),
        _cluster_wide(_POLICY, "ValidatingAdmissionPolicyBinding", name, {"spec": binding}),
    ]


def _bound(
    kind: str, name: str, namespace: str, rules: Iterable[Rule], subject: Mapping[str, str]
) -> list[dict[str, Any]]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
    contents: dict[str, dict[str, Any]] = {
        kind: {"rules": list(rules)},
        f"{kind}Binding": {"roleRef": reference, "subjects": [dict(subject)]},
    }
    return [
        manifest(_RBAC, each, name, namespace, content) if namespace else _cluster_wide(_RBAC, each, name, content)
        for each, content in contents.items()
    ]


def _cluster_wide(api_version: str, kind: str, name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    wanted = manifest(api_version, kind, name, "", content)
    del wanted["metadata"]["namespace"]
    return wanted
