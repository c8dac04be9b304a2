"""Does Loki store every line? By its own counters."""

from collections.abc import Iterator
from math import ceil

from logops.findings import Finding, Subject
from logops.findings.classes.quality import CANARY_MISSING, SAMPLES_DISCARDED, WAL_PRESSURE
from logops.number_text import count_text, plural
from logops.quality.balance import copies_of_lines
from logops.quality.context import Context
from logops.quality.counters import (
    DISCARDED,
    MISSED_BY_CANARY,
    WAL_DISK_FULL,
    WAL_DISK_USED,
    total,
)
from logops.quality.limits import RETRIED_BY_AGENTS, limits_text

FULL_DISK = 0.9


def discarded_samples(context: Context) -> Iterator[Finding]:
    """Yield the tenants whose lines Loki refused since the last run, with the reasons."""
    for cluster, tenant, counts in _discarded(context):
        sources = [
            name
            for name, source in context.environment.sources.items()
            if (source.cluster, source.tenant) == (cluster, tenant)
        ]
        limits = {reason: limits_text(reason, context.environment.clusters[cluster], tenant) for reason in counts}
        reasons = ", ".join(
            f"{reason} {count:,}{f' ({limits[reason]})' if limits[reason] else ''}"
            for reason, count in sorted(counts.items())
        )
        again = (
            " Agents send lines above a limit again, and each try counts." if RETRIED_BY_AGENTS & counts.keys() else ""
        )
        whose = f" Its {plural(len(sources), 'source')}: {', '.join(sources)}." if sources else ""
        yield Finding(
            SAMPLES_DISCARDED,
            Subject(context.environment.name, cluster, tenant, source=sources[0] if len(sources) == 1 else ""),
            f"Loki refused {count_text(sum(counts.values()), 'line')} of tenant {tenant} since the last run: "
            f"{reasons}.{again}{whose}",
            context.request.as_of,
            {
                "lines": sum(counts.values()),
                "reasons": ", ".join(sorted(counts)),
                "limits": "; ".join(text for _, text in sorted(limits.items()) if text),
            },
        )


def _discarded(context: Context) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Yield cluster, tenant, and the number of refused lines by reason.

    Each ingester that should store a line counts its refusal, so their sum is divided by the number of copies.
    """
    lines: dict[tuple[str, str], dict[str, float]] = {}
    for counter in context.increases:
        if counter.name == DISCARDED and counter.value:
            reasons = lines.setdefault((counter.cluster, counter.label("tenant")), {})
            reason = counter.label("reason")
            reasons[reason] = reasons.get(reason, 0) + counter.value / copies_of_lines(context.environment, counter)
    for (cluster, tenant), reasons in sorted(lines.items()):
        yield cluster, tenant, {reason: ceil(count) for reason, count in reasons.items()}


def missing_canary_lines(context: Context) -> Iterator[Finding]:
    """Yield the clusters that lost lines of their canary since the last run."""
    for cluster, declared in context.environment.clusters.items():
        missing = int(total([each for each in context.increases if each.cluster == cluster], MISSED_BY_CANARY))
        if declared.canary and missing:
            yield Finding(
                CANARY_MISSING,
                Subject(context.environment.name, cluster, declared.canary.tenant),
                f"{count_text(missing, 'line')} of the canary of cluster {cluster} did not arrive, since the last run.",
                context.request.as_of,
                {"lines": missing},
            )


def full_disks(context: Context) -> Iterator[Finding]:
    """Yield the ingesters whose write-ahead log has, or had, too little disk."""
    used = {counter.process: counter for counter in context.measured.counters if counter.name == WAL_DISK_USED}
    failures = {
        counter.process: counter for counter in context.increases if counter.name == WAL_DISK_FULL and counter.value
    }
    for process in sorted({*failures, *(name for name, counter in used.items() if counter.value >= FULL_DISK)}):
        failed = f" {int(failures[process].value):,} writes failed since the last run." if process in failures else ""
        share = f"{used[process].value:.0%}" if process in used else "an unknown part"
        cluster = (failures.get(process) or used[process]).cluster
        yield Finding(
            WAL_PRESSURE,
            Subject(context.environment.name, cluster, path=process),
            f"The disk of the write-ahead log of {process} is {share} full.{failed}",
            context.request.as_of,
            {"failures": int(failures[process].value) if process in failures else 0},
        )
