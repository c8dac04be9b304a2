"""The rights that a rollout needs in a cluster, as objects that an administrator applies once.

They are as small as the charts allow. The charts of agents make a ClusterRole. Kubernetes lets only a user do that who
has the same rights, or the verb `escalate`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logops.environment.model import Environment
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.platform import kubernetes_platform

NAME = "logops-rollout"
_RBAC = "rbac.authorization.k8s.io/v1"
_READ = ("get", "list", "watch")
_CHANGE = (*_READ, "create", "update", "patch", "delete")
Rule = dict[str, list[str]]


def rights(environment: Environment, account: str, account_namespace: str) -> list[dict[str, Any]]:
    """Return the roles of a rollout, bound to a service account.

    A role in each namespace of the environment, and a role for the cluster.
    """
    subject = {"kind": "ServiceAccount", "name": account, "namespace": account_namespace}
    objects: list[dict[str, Any]] = []
    for namespace in namespaces(environment):
        objects += _bound("Role", namespace, _namespace_rules(environment), subject)
    objects += _bound("ClusterRole", "", _cluster_rules(environment), subject)
    return objects


def namespaces(environment: Environment) -> list[str]:
    """Return the namespaces of an environment: of its clusters, and of its agents."""
    return sorted({kubernetes_platform(environment).namespace, *map(environment.namespace, environment.clusters)})


def _namespace_rules(environment: Environment) -> Iterator[Rule]:
    yield _rule("", ["configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"], _CHANGE)
    # Ingesters are restarted by deleting their pods, and the log of a pod that fails is shown.
    yield _rule("", ["pods"], (*_READ, "delete"))
    yield _rule("", ["pods/log"], ("get",))
    yield _rule("", ["events"], _READ)
    yield _rule("apps", ["daemonsets", "deployments", "statefulsets"], _CHANGE)
    # Helm waits for the pods of a Deployment.
    yield _rule("apps", ["replicasets"], _READ)
    yield _rule("coordination.k8s.io", ["leases"], _CHANGE)
    yield _rule("networking.k8s.io", ["ingresses", "networkpolicies"], _CHANGE)
    yield _rule("policy", ["poddisruptionbudgets"], _CHANGE)
    yield _rule("rbac.authorization.k8s.io", ["rolebindings", "roles"], (*_CHANGE, "bind", "escalate"))
    if kubernetes_platform(environment).prometheus_operator:
        yield _rule("monitoring.coreos.com", ["podmonitors", "prometheusrules", "servicemonitors"], _CHANGE)


def _cluster_rules(environment: Environment) -> Iterator[Rule]:
    # Whether the pods of a plan fit the nodes.
    yield _rule("", ["nodes"], ("get", "list"))
    yield {**_rule("", ["namespaces"], ("get",)), "resourceNames": namespaces(environment)}
    if environment.agents:
        yield _rule(
            "rbac.authorization.k8s.io", ["clusterrolebindings", "clusterroles"], (*_CHANGE, "bind", "escalate")
        )


def _rule(group: str, resources: list[str], verbs: Sequence[str]) -> Rule:
    return {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}


def _bound(kind: str, namespace: str, rules: Iterator[Rule], subject: Mapping[str, str]) -> list[dict[str, Any]]:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME}
    objects = [
        manifest(_RBAC, kind, NAME, namespace, {"rules": list(rules)}),
        manifest(_RBAC, f"{kind}Binding", NAME, namespace, {"roleRef": reference, "subjects": [dict(subject)]}),
    ]
    if not namespace:
        for cluster_wide in objects:
            del cluster_wide["metadata"]["namespace"]
    return objects
