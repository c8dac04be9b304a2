"""Another version of Loki in the objects of a plan, and what follows from it. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from logops.findings.classes.rollout import LOKI_UPGRADE
from logops.number_text import count_text
from logops.platforms.kubernetes.plan.compare import Change
from logops.platforms.kubernetes.plan.paths import Item
from logops.platforms.kubernetes.plan.proposal import Proposal
from logops.platforms.preview import Mark


def upgrade_marks(changes: Sequence[tuple[Proposal, Sequence[Change]]]) -> Iterator[Mark]:
    """Yield a mark for each pair of versions of Loki that a plan replaces."""
    workloads: dict[tuple[str, str], list[str]] = defaultdict(list)
    for proposal, changed in changes:
        for change in changed:
            if change.path[-2:] == (Item("name", "loki"), "image") or (
                change.path[-1] == "image" and "/loki:" in str(change.before)
            ):
                workloads[image_version(change.before), image_version(change.after)].append(proposal.id.name)
    for (before, after), names in workloads.items():
        if before != after:
            unique = sorted(set(names))
            yield Mark(
                LOKI_UPGRADE,
                f"Loki {before} -> {after}",
                f"Loki {before} -> {after} in {count_text(len(unique), 'workload')}: {', '.join(unique)}. "
                "All their pods restart.",
            )


def image_version(image: object) -> str:
    """Return the version of a container image.

    >>> image_version("docker.io/grafana/loki:3.7.6"), image_version("localhost:5000/loki@sha256:0123456789abcdef")
    ('3.7.6', 'sha256:0123456789ab')
    """
    name, at, digest = str(image).partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return tag if colon else digest[:19] if at else "latest"
