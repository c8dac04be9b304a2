"""Join the dry runs of a stage: changes by component, and what a person must know before approval. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from logops.findings.classes.rollout import CHANGE_REFUSED, FIELD_CONFLICT, FIELD_IMMUTABLE, PLAN_UNKNOWN
from logops.number_text import count_text
from logops.platforms.kubernetes.plan.compare import Change, changes
from logops.platforms.kubernetes.plan.immutable import immutable_changes
from logops.platforms.kubernetes.plan.ingesters import ingester_marks
from logops.platforms.kubernetes.plan.lines import lines
from logops.platforms.kubernetes.plan.objects import Object, compared, component, is_secret, pod_template
from logops.platforms.kubernetes.plan.paths import path_text
from logops.platforms.kubernetes.plan.proposal import Conflict, Proposal
from logops.platforms.kubernetes.plan.schedule import schedule_marks
from logops.platforms.kubernetes.plan.versions import upgrade_marks
from logops.platforms.kubernetes.plan.volumes import volume_marks
from logops.platforms.preview import Mark, ObjectDiff, Preview
from logops.render.files import digest_of

_MOST_NAMED = 5
_POD_KINDS = ("DaemonSet", "Deployment", "StatefulSet")


def cluster_plan(proposals: Sequence[Proposal], nodes: Sequence[Object]) -> Preview:
    """Return the changes of a stage's objects, their marks, and the digests of the state before and after.

    nodes   the nodes of the cluster, for pods that cannot be scheduled
    """
    states = [proposal for proposal in proposals if not proposal.is_hook]
    ordered = sorted(states, key=lambda proposal: (component(proposal.any_state), proposal.id))
    changed = {id(proposal): changes(compared(proposal.before), compared(proposal.expected)) for proposal in ordered}
    diffs = [diff for proposal in ordered if (diff := _diff(proposal, changed[id(proposal)]))]
    restarted = [proposal for proposal in ordered if _is_restarted(proposal, changed[id(proposal)])]
    marks = [
        *(mark for proposal in ordered for mark in _own_marks(proposal, changed[id(proposal)])),
        *upgrade_marks([(proposal, changed[id(proposal)]) for proposal in ordered if proposal.before]),
        *ingester_marks(ordered, restarted),
        *schedule_marks([p for p in ordered if changed[id(p)]], restarted, nodes),
    ]
    return Preview(
        diffs,
        marks,
        base=_digest([proposal.before for proposal in ordered]),
        digest=_digest([proposal.expected for proposal in ordered]),
        restarts={str(proposal.id): _restart(proposal) for proposal in restarted},
    )


def _diff(proposal: Proposal, changed: Sequence[Change]) -> ObjectDiff | None:
    """Return the change of an object; None if nothing changes. A new object is shown as the chart renders it."""
    part, name, kind = component(proposal.any_state), str(proposal.id), proposal.id.kind
    if proposal.before is None:
        # Without the server's defaults.
        return ObjectDiff(part, name, "add", tuple(lines(kind, changes({}, compared(proposal.rendered)))))
    if proposal.expected is None:
        return ObjectDiff(part, name, "remove", tuple(lines(kind, changes(compared(proposal.before), {}))))
    return ObjectDiff(part, name, "change", tuple(lines(kind, changed))) if changed else None


def _own_marks(proposal: Proposal, changed: Sequence[Change]) -> Iterator[Mark]:
    """Yield the marks that need no other object."""
    subject = str(proposal.id)
    if proposal.unknown:
        yield Mark(
            PLAN_UNKNOWN, subject, f"{subject}: what would change is unknown. {_sentence(proposal.unknown)}", "always"
        )
    about_volumes = list(volume_marks(proposal, changed))
    yield from about_volumes
    immutable = immutable_changes(proposal.before, changed) if proposal.before and proposal.expected else []
    immutable = [change for change in immutable if change.path[:2] != ("spec", "volumeClaimTemplates")]
    if immutable:
        yield Mark(
            FIELD_IMMUTABLE,
            subject,
            f"{subject}: Kubernetes never changes {_listed([path_text(change.path) for change in immutable])}.",
            "always",
        )
    if proposal.refused and not immutable and not about_volumes:
        yield Mark(
            CHANGE_REFUSED,
            subject,
            f"{subject}: the API server refuses the change. {_sentence(proposal.refused)}",
            "always",
        )
    for owner, fields in _by_owner(proposal.conflicts):
        message = f"{owner} owns {_listed(fields)}, and the plan changes {'them' if len(fields) > 1 else 'it'}."
        yield Mark(FIELD_CONFLICT, subject, f"{subject}: {message}", "until accepted")
    for owner, fields in _by_owner(proposal.added):
        them = "them" if len(fields) > 1 else "it"
        message = f"{owner} added {_listed(fields)}. Nothing declares {them}, and the plan removes {them}."
        yield Mark(FIELD_CONFLICT, subject, f"{subject}: {message}", "until accepted")


def _by_owner(conflicts: Sequence[Conflict]) -> Iterator[tuple[str, list[str]]]:
    for owner in dict.fromkeys(conflict.owner for conflict in conflicts):
        yield owner, [conflict.field for conflict in conflicts if conflict.owner == owner]


def _is_restarted(proposal: Proposal, changed: Sequence[Change]) -> bool:
    """Whether running pods are replaced."""
    template = pod_template(proposal.any_state)
    return (
        proposal.before is not None
        and proposal.expected is not None
        and proposal.id.kind in _POD_KINDS
        and template is not None
        and any(change.path[:2] == ("spec", "template") for change in changed)
    )


def _restart(proposal: Proposal) -> str:
    """Return how the pods of a workload are replaced."""
    spec: Any = (proposal.expected or {})["spec"]
    strategy = (spec.get("updateStrategy") or spec.get("strategy") or {}).get("type", "RollingUpdate")
    pods = "a pod on each node" if proposal.id.kind == "DaemonSet" else count_text(int(spec.get("replicas", 1)), "pod")
    return f"{pods}, {'one by one, by logops' if strategy == 'OnDelete' else strategy}"


def _digest(states: Sequence[Object | None]) -> str:
    """Return the digest of objects. Of a Secret, only the version counts: nobody may guess its value from a digest."""
    return digest_of(*(json.dumps(_digested(state), sort_keys=True, default=str) for state in states))


def _digested(state: Object | None) -> Any:
    if state is None or not is_secret(state):
        return compared(state)
    metadata = state["metadata"]
    return ["Secret", metadata.get("namespace"), metadata["name"], metadata.get("resourceVersion")]


def _listed(names: Sequence[str]) -> str:
    first = ", ".join(names[:_MOST_NAMED])
    return first if len(names) <= _MOST_NAMED else f"{first} and {len(names) - _MOST_NAMED} more"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
