"""Pods that no node can run: too large, wrong labels, taints, or more than nodes that must be different. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from logops.findings.classes.rollout import POD_UNSCHEDULABLE
from logops.number_text import count_text
from logops.platforms.kubernetes.plan.ingesters import resolved, rolling
from logops.platforms.kubernetes.plan.objects import Object, pod_template
from logops.platforms.kubernetes.plan.proposal import Proposal
from logops.platforms.kubernetes.plan.quantities import amount_text, quantity
from logops.platforms.preview import Mark

_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_TOO_SMALL = "for pods, and the pod requests"
_HOSTNAME = "kubernetes.io/hostname"


def schedule_marks(
    proposals: Sequence[Proposal], restarted: Sequence[Proposal], nodes: Sequence[Object]
) -> Iterator[Mark]:
    """Yield the workloads whose pods cannot all run on the nodes that exist."""
    for proposal in proposals:
        after = proposal.expected
        template = pod_template(after) if after else None
        if after is None or template is None:
            continue
        if reason := _reason(after, template, nodes, is_restarted=proposal in restarted):
            subject = str(proposal.id)
            yield Mark(POD_UNSCHEDULABLE, subject, f"{subject}: {reason}.")


def _reason(workload: Object, template: Mapping[str, Any], nodes: Sequence[Object], *, is_restarted: bool) -> str:
    """Return why the pods of a workload cannot all be scheduled; empty if they can."""
    pod = template["spec"]
    requests = pod_requests(pod)
    refusals = {node["metadata"]["name"]: _refusal(pod, requests, node, workload["kind"]) for node in nodes}
    fitting = [node for node in nodes if not refusals[node["metadata"]["name"]]]
    if workload["kind"] == "DaemonSet":
        # A node that a selector or a taint leaves out may be meant to be left out.
        too_small = [reason for reason in refusals.values() if _TOO_SMALL in reason]
        return f"not every node can run its pod: {_counted(too_small)}" if too_small else ""
    if workload["kind"] not in ("Deployment", "StatefulSet", "Job"):
        return ""
    replicas = int(workload["spec"].get("replicas", 1)) if workload["kind"] != "Job" else 1
    if replicas and not fitting:
        there_are = f"of {count_text(len(nodes), 'node')}, none can run its pod" if nodes else "the cluster has no node"
        return f"{there_are}{': ' if nodes else ''}{_counted(list(refusals.values()))}"
    for key in _apart_by(template):
        domains = {(node["metadata"].get("labels") or {}).get(key) for node in fitting} - {None}
        what = "node" if key == _HOSTNAME else f"different {key}"
        if replicas > len(domains):
            return (
                f"{count_text(replicas, 'replica')} must run on as many different nodes, and {len(domains)} can run "
                "them"
                if key == _HOSTNAME
                else f"{count_text(replicas, 'replica')} must each have their own {key}, and there are {len(domains)}"
            )
        if is_restarted and workload["kind"] == "Deployment" and replicas == len(domains) and _only_surges(workload):
            return (
                f"its update starts one pod more before it stops one, and there are {len(domains)} for "
                f"{count_text(replicas, 'replica')}, each on its own {what}: the update waits for ever. Set maxSurge 0 "
                "and maxUnavailable 1"
            )
    return ""


def pod_requests(pod: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return what a pod requests: the sum of its containers, or its largest init container if that is more."""
    requests = {}
    for resource in _RESOURCES:
        sidecars = [c for c in pod.get("initContainers") or () if c.get("restartPolicy") == "Always"]
        running = sum((_request(c, resource) for c in (*pod["containers"], *sidecars)), Decimal())
        starting = max((_request(c, resource) for c in pod.get("initContainers") or ()), default=Decimal())
        requests[resource] = max(running, starting)
    return requests


def _request(container: Mapping[str, Any], resource: str) -> Decimal:
    amounts = container.get("resources") or {}
    value = (amounts.get("requests") or {}).get(resource) or (amounts.get("limits") or {}).get(resource) or 0
    return quantity(value)


def _refusal(pod: Mapping[str, Any], requests: Mapping[str, Decimal], node: Object, kind: str) -> str:
    """Return why a node cannot run a pod; empty if it can. What runs there already is not looked at."""
    spec = node.get("spec") or {}
    labels = node["metadata"].get("labels") or {}
    selector = pod.get("nodeSelector") or {}
    if missing := [f"{key}={value}" for key, value in selector.items() if labels.get(key) != value]:
        return f"lacks the label {', '.join(missing)}"
    if not _has_affinity(pod, labels, node["metadata"]["name"]):
        return "does not match its node affinity"
    tolerations = pod.get("tolerations") or ()
    for taint in spec.get("taints") or ():
        is_cordon = taint["key"] == "node.kubernetes.io/unschedulable"
        if taint["effect"] == "PreferNoSchedule" or (is_cordon and kind == "DaemonSet"):
            continue
        if not any(_tolerates(toleration, taint) for toleration in tolerations):
            return f"has the taint {taint['key']}{'=' + taint['value'] if taint.get('value') else ''}"
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    for resource, amount in requests.items():
        offered = quantity(allocatable.get(resource, 0))
        if amount > offered and (resource in allocatable or resource != "ephemeral-storage"):
            return f"{amount_text(resource, offered)} {_TOO_SMALL} {amount_text(resource, amount)}"
    return ""


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return toleration.get("key") == taint["key"] and (toleration.get("value") or "") == (taint.get("value") or "")


def _has_affinity(pod: Mapping[str, Any], labels: Mapping[str, str], name: str) -> bool:
    affinity = (pod.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms")
    if not terms:
        return True
    return any(
        all(_matches(expression, labels) for expression in term.get("matchExpressions") or ())
        and all(_matches(expression, {"metadata.name": name}) for expression in term.get("matchFields") or ())
        for term in terms
    )


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), list(expression.get("values") or ())
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt":
            return value is not None and value.isdigit() and int(value) > int(values[0])
        case "Lt":
            return value is not None and value.isdigit() and int(value) < int(values[0])
    return False


def _apart_by(template: Mapping[str, Any]) -> list[str]:
    """Return the node labels that no two pods of a workload may share: required anti-affinity to themselves."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    affinity = (template["spec"].get("affinity") or {}).get("podAntiAffinity") or {}
    return [
        term["topologyKey"]
        for term in affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        if _selects(term.get("labelSelector") or {}, labels)
    ]


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()) and all(
        _matches(expression, labels) for expression in selector.get("matchExpressions") or ()
    )


def _only_surges(deployment: Object) -> bool:
    """Whether an update must start a pod before it stops one."""
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return False
    replicas = int(deployment["spec"].get("replicas", 1))
    return resolved(rolling(deployment)["maxUnavailable"], replicas, up=False) == 0


def _counted(reasons: Sequence[str]) -> str:
    """Return reasons with the number of nodes, the most frequent first.

    >>> _counted(["has the taint gpu", "has the taint gpu", "lacks the label disk=ssd"])
    '2 nodes: has the taint gpu; 1 node: lacks the label disk=ssd'
    """
    return "; ".join(f"{count_text(count, 'node')}: {reason}" for reason, count in Counter(reasons).most_common())
