"""Make the volumes of a StatefulSet larger. Kubernetes refuses that in the StatefulSet itself."""

from collections.abc import Sequence

from logops.platforms.kubernetes.api import Api
from logops.platforms.kubernetes.plan.compare import changes
from logops.platforms.kubernetes.plan.objects import Object, compared
from logops.platforms.kubernetes.plan.proposal import Proposal
from logops.platforms.kubernetes.plan.volumes import is_growth
from logops.platforms.platform import Progress

_TEMPLATES = ("spec", "volumeClaimTemplates")


def grow_claims(api: Api, proposals: Sequence[Proposal], progress: Progress) -> None:
    """Make the claims of running pods larger, and delete each StatefulSet without its pods.

    Helm then creates it again with the new size, and it takes its pods and claims over. A plan with another change of
    claims never comes here: it is refused.
    """
    for proposal in proposals:
        if proposal.before and proposal.rendered and _only_grows(proposal):
            _grow(api, proposal.before, proposal.rendered, progress)


def _only_grows(proposal: Proposal) -> bool:
    changed = changes(compared(proposal.before), compared(proposal.expected))
    about_claims = [change for change in changed if change.path[:2] == _TEMPLATES]
    return bool(about_claims) and all(map(is_growth, about_claims))


def _grow(api: Api, before: Object, rendered: Object, progress: Progress) -> None:
    name, namespace = before["metadata"]["name"], before["metadata"]["namespace"]
    for template in rendered["spec"]["volumeClaimTemplates"]:
        size = template["spec"]["resources"]["requests"]["storage"]
        for claim in api.items("v1", "PersistentVolumeClaim", namespace):
            claim_name = claim["metadata"]["name"]
            if claim_name.rpartition("-")[0] != f"{template['metadata']['name']}-{name}":
                continue
            progress(f"making claim {claim_name} larger: {size}")
            spec = {**claim["spec"], "resources": {**claim["spec"]["resources"], "requests": {"storage": size}}}
            api.replace({**claim, "spec": spec}, namespace)
    progress(f"deleting StatefulSet {name} without its pods: Helm creates it again")
    api.delete("apps/v1", "StatefulSet", name, namespace, body={"propagationPolicy": "Orphan"})
