"""Changes of volumes, and deletions that take data with them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logops.findings.classes.rollout import DATA_DELETED, VOLUME_CHANGE
from logops.platforms.kubernetes.plan.compare import ABSENT, Change
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.paths import Item, path_text
from logops.platforms.kubernetes.plan.proposal import Proposal
from logops.platforms.kubernetes.plan.quantities import quantity
from logops.platforms.preview import Mark

_SIZE = ("resources", "requests", "storage")
_WITH_DATA = ("PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition")
"""Kinds whose deletion deletes data, or objects that hold data."""


def volume_marks(proposal: Proposal, changed: Sequence[Change]) -> Iterator[Mark]:
    """Yield what a plan does to the volumes of an object, and to the data on them."""
    before, after, subject = proposal.before, proposal.expected, str(proposal.id)
    if before is None:
        return
    if after is None:
        yield from _deleted(before, subject)
        return
    for change in changed:
        if _is_claim(before["kind"], change):
            yield _changed_claim(change, subject)
    if not _has_durable_volume(after) and _has_durable_volume(before):
        yield Mark(
            VOLUME_CHANGE,
            subject,
            f"{subject} loses its volume: its pods start with an empty disk. The write-ahead log on the old volume is "
            "not read any more; the claim stays and costs money.",
            "until accepted",
        )
    yield from _fewer(before, after, subject)


def is_growth(change: Change) -> bool:
    """Whether a change makes a volume larger and does nothing else."""
    return (
        change.path[-3:] == _SIZE
        and ABSENT not in (change.before, change.after)
        and quantity(change.after) > quantity(change.before)
    )


def _is_claim(kind: str, change: Change) -> bool:
    if kind == "PersistentVolumeClaim":
        return change.path[-3:] == _SIZE or change.path[-1] == "storageClassName"
    return kind == "StatefulSet" and change.path[:2] == ("spec", "volumeClaimTemplates")


def _changed_claim(change: Change, subject: str) -> Mark:
    claim = next((step.value for step in change.path if isinstance(step, Item)), "the claim")
    values = f"{_text(change.before)} -> {_text(change.after)}"
    if is_growth(change):
        return Mark(
            VOLUME_CHANGE,
            subject,
            f"{subject}: volume {claim} grows, {values}. The claims of the running pods grow first; then the "
            "StatefulSet is created again without a restart of its pods.",
            "until accepted",
        )
    if change.path[-3:] == _SIZE and ABSENT not in (change.before, change.after):
        return Mark(
            VOLUME_CHANGE,
            subject,
            f"{subject}: volume {claim} would shrink, {values}. Kubernetes never makes a volume smaller.",
            "always",
            "Write the size of today into the environment file, or a larger one.",
        )
    if change.path[-1] == "storageClassName":
        return Mark(
            VOLUME_CHANGE,
            subject,
            f"{subject}: the storage class of volume {claim} would change, {values}. Existing volumes keep their "
            "class, and a StatefulSet cannot mix them.",
            "always",
            "Write the storage class of today into the environment file. To move to another class, add new pods with "
            "it, flush the old ones, and remove them.",
        )
    return Mark(
        VOLUME_CHANGE,
        subject,
        f"{subject}: the claims of its volumes would change: {path_text(change.path)}. The claims of the running pods "
        "do not follow.",
        "always",
    )


def _deleted(before: Object, subject: str) -> Iterator[Mark]:
    if before["kind"] in _WITH_DATA:
        yield Mark(DATA_DELETED, subject, f"{subject} is deleted, with everything in it.", "until accepted")
    elif before["kind"] == "StatefulSet" and (claims := _claims(before)):
        names = ", ".join(claims)
        if _retention(before, "whenDeleted") == "Delete":
            message = f"{subject} is deleted, and Kubernetes deletes its volumes ({names}): their data is lost."
        else:
            message = (
                f"{subject} is deleted. Its volumes ({names}) stay, and nothing reads them any more: lines that are "
                "only in a write-ahead log there are lost to queries."
            )
        yield Mark(DATA_DELETED, subject, message, "until accepted")


def _fewer(before: Object, after: Object, subject: str) -> Iterator[Mark]:
    """Yield a mark if pods with volumes are removed."""
    old, new = (state["spec"].get("replicas", 1) if "spec" in state else 1 for state in (before, after))
    if before["kind"] != "StatefulSet" or not _claims(before) or new >= old:
        return
    if _retention(after, "whenScaled") == "Delete":
        message = f"{subject}: replicas {old} -> {new}, and Kubernetes deletes the volumes of the removed pods."
    else:
        message = f"{subject}: replicas {old} -> {new}. The volumes of the removed pods stay unread."
    yield Mark(
        DATA_DELETED,
        subject,
        message,
        "until accepted",
        "Flush the pods that are removed before they stop (`/ingester/shutdown?flush=true`), then accept it with the "
        "reason.",
    )


def _claims(manifest: Object) -> list[str]:
    return [claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates") or ()]


def _retention(manifest: Object, moment: str) -> str:
    return str((manifest["spec"].get("persistentVolumeClaimRetentionPolicy") or {}).get(moment, "Retain"))


def _has_durable_volume(manifest: Object) -> bool:
    spec: Mapping[str, Any] = manifest.get("spec") or {}
    volumes = ((spec.get("template") or {}).get("spec") or {}).get("volumes") or ()
    return bool(spec.get("volumeClaimTemplates")) or any("persistentVolumeClaim" in volume for volume in volumes)


def _text(value: object) -> str:
    return "none" if value is ABSENT else str(value)
