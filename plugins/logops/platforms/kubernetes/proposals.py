"""Try an apply on the API server, object by object. Nothing is changed."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from logops.platforms.kubernetes.api import Api, ApiError
from logops.platforms.kubernetes.plan.additions import additions, without_additions
from logops.platforms.kubernetes.plan.left import is_left_to_controller, with_fields_of
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.kubernetes.plan.proposal import Proposal

_PARALLEL = 8


def try_objects(api: Api, manifests: Sequence[Object], manager: str, namespace: str = "") -> list[Proposal]:
    """Return each object before and after an apply by `manager`, as a dry run of the server says.

    namespace   of the objects that name none
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(partial(_tried, api, namespace, manager), manifests))


def try_deletions(api: Api, manifests: Sequence[Object], namespace: str = "") -> list[Proposal]:
    """Return the objects of manifests that exist: an apply deletes them."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = list(pool.map(partial(_deleted, api, namespace), manifests))
    return [proposal for proposal in found if proposal.before or proposal.unknown]


def _tried(api: Api, release_namespace: str, manager: str, manifest: Object) -> Proposal:
    namespace = manifest["metadata"].get("namespace") or release_namespace
    proposal = Proposal(None, manifest, None, namespace=namespace)
    try:
        before = api.live(manifest, namespace)
    except ApiError as error:
        return replace(proposal, unknown=error.said)
    proposal = replace(proposal, before=before)
    try:
        return _with_after(proposal, api.put(manifest, namespace, manager, dry_run=True))
    except ApiError as error:
        if not error.conflicts:
            return _placed(_failed(proposal, error))
        left = tuple(conflict for conflict in error.conflicts if is_left_to_controller(conflict))
        proposal = replace(proposal, conflicts=tuple(c for c in error.conflicts if c not in left), left=left)
    try:
        return _with_after(proposal, api.put(manifest, namespace, manager, dry_run=True, force=True))
    except ApiError as error:
        return _placed(_failed(proposal, error))


def _with_after(proposal: Proposal, after: Object) -> Proposal:
    """Return a proposal with the result of its dry run: with the values of controllers, without added fields."""
    kept = with_fields_of(after, proposal.before or {}, proposal.left)
    found = additions(kept)
    added = tuple(addition.conflict for addition in found)
    return _placed(replace(proposal, after=without_additions(kept, found), added=added))


def _deleted(api: Api, release_namespace: str, manifest: Object) -> Proposal:
    namespace = manifest["metadata"].get("namespace") or release_namespace
    try:
        return _placed(Proposal(api.live(manifest, namespace), None, None, namespace=namespace))
    except ApiError as error:
        return Proposal(None, manifest, None, unknown=error.said, namespace=namespace)


def _failed(proposal: Proposal, error: ApiError) -> Proposal:
    """Return a proposal that the server did not try, or refused.

    It is refused if the server judged the object. If it could not judge, the outcome is unknown.
    """
    judged = error.is_invalid or (
        error.status in (400, 403)
        and any(words in error.said for words in ("exceeded quota", "denied the request", "failed quota", "strict dec"))
    )
    return replace(proposal, refused=error.said) if judged else replace(proposal, unknown=error.said)


def _placed(proposal: Proposal) -> Proposal:
    """Return a proposal without a namespace if its kind has none."""
    known = proposal.after or proposal.before
    return replace(proposal, namespace="") if known and not known["metadata"].get("namespace") else proposal
