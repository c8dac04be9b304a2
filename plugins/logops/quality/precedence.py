"""Which findings are consequences of others. Pure.

A person on call needs the cause. A finding is left out if another finding explains it: the cause is in `CAUSES`, and it
is about all sources of the consequence. The cause says in its message what it explains.

Two findings never explain each other: the causes of a class come before it in `ORDER`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from logops.findings import Finding
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.quality.bands import State
from logops.quality.context import EXAMPLE
from logops.quality.judge.balance import BETWEEN
from logops.quality.limits import RETRIED_BY_AGENTS

PIPELINE = "pipeline"
"""Evidence `where` of lines that the pipeline of an agent dropped: it may drop all lines of a source."""
LARGE_PART = 0.1

CAUSES: Mapping[str, tuple[str, ...]] = {
    # An agent that is down delivers nothing. When it comes back, its lines are late.
    "source-silent": ("agent-down", "samples-discarded", "lines-lost", "clock-skew"),
    "gap": ("agent-down", "samples-discarded", "lines-lost", "clock-skew", "source-silent"),
    "rate-out-of-band": (
        "agent-down",
        "samples-discarded",
        "lines-lost",
        "duplicates",
        "clock-skew",
        "source-silent",
        "gap",
    ),
    "clock-skew": ("agent-down",),
    # An agent gives up the lines that Loki refuses.
    "lines-lost": ("agent-down", "samples-discarded"),
    "canary-missing": ("agent-down", "samples-discarded"),
    # The end of a cut line is missing.
    "lines-unparsable": ("lines-cut",),
    # A line that does not parse has none of the labels that its fields would become.
    "labels-unexpected": ("lines-unparsable", "cardinality-growing"),
    # Not cardinality-growing: it is a warning, and must not hide that lines are lost.
    "samples-discarded": ("wal-pressure",),
}
"""Consequence -> classes that explain it."""
ORDER = (
    "agent-down",
    "wal-pressure",
    "cardinality-growing",
    "samples-discarded",
    "lines-lost",
    "duplicates",
    "clock-skew",
    "source-silent",
    "gap",
    "rate-out-of-band",
    "lines-cut",
    "lines-unparsable",
    "labels-unexpected",
    "canary-missing",
    "secret-in-logs",
)
"""All classes, causes first."""


def without_consequences(findings: Sequence[Finding], sources_of: Callable[[Finding], frozenset[str]]) -> list[Finding]:
    """Return the findings that no other finding explains. A cause names what it explains.

    sources_of   the sources that a finding is about
    """
    explained: dict[int, list[Finding]] = {}
    kept: list[int] = []
    cause_of: dict[int, int] = {}
    for number, finding in sorted(enumerate(findings), key=lambda item: _rank(item[1])):
        cause = next((other for other in (*kept, *cause_of) if _explains(findings[other], finding, sources_of)), None)
        if cause is None:
            kept.append(number)
        else:
            # What a consequence explains has the same cause.
            cause_of[number] = cause_of.get(cause, cause)
            explained.setdefault(cause_of[number], []).append(finding)
    return [_naming(findings[number], explained.get(number, [])) for number in sorted(kept)]


def _rank(finding: Finding) -> int:
    return ORDER.index(finding.cls.name) if finding.cls.name in ORDER else len(ORDER)


def _explains(cause: Finding, consequence: Finding, sources_of: Callable[[Finding], frozenset[str]]) -> bool:
    # A check that could not run explains nothing, and nothing explains it away. Lines that are missing between two
    # places were counted without the refused ones, so no other finding explains them either.
    if CHECK_INCOMPLETE.name in (cause.cls.name, consequence.cls.name) or BETWEEN in consequence.evidence:
        return False
    is_cause = cause.cls.name in CAUSES.get(consequence.cls.name, ()) and _can_cause(cause, consequence)
    is_same_cluster = cause.subject.cluster == consequence.subject.cluster
    return is_cause and is_same_cluster and sources_of(consequence) <= sources_of(cause)


def _can_cause(cause: Finding, consequence: Finding) -> bool:
    """Whether a finding can have this consequence: copies raise a rate, and only a wrong pipeline silences a source."""
    is_low = consequence.evidence.get("direction") != State.HIGH.value
    match cause.cls.name:
        case "duplicates":
            return not is_low
        case "samples-discarded" if consequence.cls.name == "canary-missing":
            # The canary's lines wait in the agent behind lines that Loki refuses for a time.
            is_limited = any(reason in RETRIED_BY_AGENTS for reason in str(cause.evidence.get("reasons")).split(", "))
            return is_limited or cause.subject.tenant == consequence.subject.tenant
        case "lines-cut":
            # As many lines as were cut may be broken. A malformed trace id has another cause.
            return 0 < int(consequence.evidence.get("unparsable", 0)) <= int(cause.evidence.get("lines", 0))
        case "lines-lost" if consequence.cls.name in ("source-silent", "gap", "rate-out-of-band"):
            # A store that lost a small part of its lines does not silence a source.
            lost_share = float(cause.evidence.get("lost_share", 0))
            return is_low and (cause.evidence.get("where") == PIPELINE or lost_share >= LARGE_PART)
        case _:
            return True


def _naming(cause: Finding, consequences: Sequence[Finding]) -> Finding:
    if not consequences:
        return cause
    names = dict.fromkeys(
        f"{finding.cls.name} of {finding.subject.source or finding.subject.tenant or finding.subject.cluster}"
        for finding in consequences
    )
    explains = ", ".join(names)
    # An example may be cut, so it stays at the end.
    message, example, line = cause.message.partition(EXAMPLE)
    return replace(
        cause,
        message=f"{message} It explains {explains}.{example}{line}",
        evidence={**cause.evidence, "explains": explains},
    )
