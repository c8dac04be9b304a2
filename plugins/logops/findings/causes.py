"""Findings of one check that explain findings of another one. Pure.

Alertmanager tells nobody about a consequence while its cause is an active alert (`render.alertmanager`). The
consequence is still shown. Inside of one check, the check itself decides what is a consequence.

A pair is here only if it is certain: the cause makes the consequence, for the same subject, whatever else is wrong. A
cause is at least as serious as its consequences, so the people whom the consequence would reach hear of the cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from logops.findings.model import Finding


@dataclass(frozen=True, slots=True)
class Explanation:
    """Classes that explain other classes, for findings that have the same subject in these parts."""

    causes: tuple[str, ...]
    consequences: tuple[str, ...]
    same: tuple[str, ...]
    """Parts of the subject that must be equal, and not empty."""
    why: str


EXPLANATIONS = (
    Explanation(
        causes=("compactor-count", "compaction-stalled"),
        consequences=(
            "delete-request-stuck",
            "index-duplicate",
            "retention-overshoot",
            "retention-stalled",
            "table-uncompacted",
        ),
        same=("environment", "cluster"),
        why="Only the compactor joins index files, applies retention and carries out delete requests.",
    ),
    Explanation(
        causes=("index-corrupt",),
        consequences=("table-uncompacted", "index-duplicate"),
        same=("environment", "cluster", "table"),
        why="The compactor cannot compact a table with a file that it cannot read.",
    ),
    Explanation(
        causes=("retention-not-effective",),
        consequences=("retention-overshoot",),
        same=("environment", "cluster", "tenant"),
        why="Loki keeps chunks as long as the retention that it applies, which is not the declared one.",
    ),
    Explanation(
        causes=("object-store-failing",),
        consequences=("flush-failing", "retention-stalled"),
        same=("environment", "cluster"),
        why="Ingesters write chunks to the object store, and the compactor deletes them there.",
    ),
    Explanation(
        causes=("results-unreachable",),
        consequences=("check-overdue",),
        same=("environment",),
        why="A check that cannot record its result has not completed.",
    ),
)

ROLLOUT_MAY_CAUSE = frozenset(
    {
        # Processes restart one after the other.
        "agent-down",
        "check-incomplete",
        "compactor-count",
        "ingester-not-uploading",
        "process-down",
        "ring-unhealthy",
        # Agents wait while Loki restarts, and send late.
        "clock-skew",
        "gap",
        "rate-out-of-band",
        "source-silent",
        # Queries wait for processes that start with empty caches.
        "query-failing",
        "query-over-objective",
        "query-regressed",
    }
)
"""Classes that the restarts of a rollout cause, as findings and as alerts of Prometheus. Lost or visible logs are not
here."""
ROLLOUT_RUNNING = "rollout-running"
"""Name of the alert that stands while a rollout mutes alerts. It tells nobody."""


def cause_of(finding: Finding, open_findings: Iterable[Finding]) -> Finding | None:
    """Return an open finding that explains a finding; None: nothing explains it."""
    return next((other for other in open_findings if _explains(other, finding)), None)


def _explains(cause: Finding, consequence: Finding) -> bool:
    return any(
        cause.cls.name in explanation.causes
        and consequence.cls.name in explanation.consequences
        and all(getattr(cause.subject, part) == getattr(consequence.subject, part) != "" for part in explanation.same)
        for explanation in EXPLANATIONS
    )
