"""Restarts of ingesters: more than one at once can lose lines (loki#10716). Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor
from typing import Any

from logops.findings.classes.rollout import INGESTERS_TOGETHER
from logops.number_text import count_text
from logops.platforms.kubernetes.plan.objects import Object, pod_template
from logops.platforms.kubernetes.plan.proposal import Proposal
from logops.platforms.preview import Mark


def ingester_marks(proposals: Sequence[Proposal], restarted: Sequence[Proposal]) -> Iterator[Mark]:
    """Yield the clusters in which more than one ingester, or more than one zone, stops at the same moment.

    restarted   those whose pods are replaced
    """
    clusters: dict[tuple[str, str], list[tuple[Proposal, int, str]]] = defaultdict(list)
    for proposal in proposals:
        if proposal.before is None or not _is_ingester(proposal.before):
            continue
        count, reason = _stopped_at_once(proposal, proposal in restarted)
        if count:
            labels = proposal.before["metadata"].get("labels") or {}
            clusters[proposal.id.namespace, labels.get("app.kubernetes.io/instance", "")].append(
                (proposal, count, reason)
            )
    for stops in clusters.values():
        total = sum(count for _, count, _ in stops)
        if total > 1:
            reasons = "; ".join(f"{proposal.id.name}: {reason}" for proposal, _, reason in stops)
            zones = f" of {len(stops)} zones" if len(stops) > 1 else ""
            yield Mark(
                INGESTERS_TOGETHER,
                str(stops[0][0].id),
                f"{count_text(total, 'ingester')}{zones} can stop at the same moment: {reasons}. Lines that only these "
                "have are lost, and pushes fail without a quorum.",
                "until accepted",
            )


def resolved(value: object, replicas: int, *, up: bool) -> int:
    """Return the number of pods of `maxSurge` or `maxUnavailable`: a number, or a share of the replicas.

    >>> resolved("25%", 3, up=True), resolved("25%", 3, up=False), resolved(2, 3, up=True)
    (1, 0, 2)
    """
    if isinstance(value, str) and value.endswith("%"):
        share = int(value[:-1]) * replicas / 100
        return ceil(share) if up else floor(share)
    return int(str(value))


def rolling(manifest: Object) -> Mapping[str, Any]:
    """Return the settings of a rolling update of a Deployment, with Kubernetes' defaults."""
    strategy = manifest["spec"].get("strategy") or {}
    return {"maxSurge": "25%", "maxUnavailable": "25%", **(strategy.get("rollingUpdate") or {})}


def _is_ingester(manifest: Object) -> bool:
    labels = manifest["metadata"].get("labels") or {}
    part = str(labels.get("app.kubernetes.io/component") or "")
    return pod_template(manifest) is not None and (part == "ingester" or part.startswith("ingester-zone"))


def _stopped_at_once(proposal: Proposal, is_restarted: bool) -> tuple[int, str]:
    """Return how many ingesters of a workload can be down at once because of the plan, and why."""
    before, after = proposal.before, proposal.expected
    replicas = int((before or {}).get("spec", {}).get("replicas", 1))
    if after is None:
        return replicas, "it is deleted"
    removed = replicas - int(after["spec"].get("replicas", 1))
    if removed > 1:
        return removed, f"{removed} fewer replicas"
    if not is_restarted:
        return max(removed, 0), "one replica less"
    kind, spec = after["kind"], after["spec"]
    if kind == "StatefulSet":
        strategy = spec.get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            # The rollout restarts each pod itself, one after the other.
            return max(removed, 0), "one replica less"
        together = resolved((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), replicas, up=True)
        return min(replicas, max(together, 1)), f"its update stops {max(together, 1)} at once"
    if (spec.get("strategy") or {}).get("type") == "Recreate":
        return replicas, "its update stops all at once"
    together = resolved(rolling(after)["maxUnavailable"], replicas, up=False)
    # With a surge, each old pod stops when a new one is ready; several may be ready together.
    surge = resolved(rolling(after)["maxSurge"], replicas, up=True)
    together = max(together + surge, 1)
    return min(replicas, together), f"its update stops up to {together} at once"
