"""Does Loki store every line? By its own counters."""

from collections.abc import Iterator
from math import ceil

from logops.findings import Finding, Subject
from logops.findings.classes.quality import CANARY_MISSING, LINES_LOST, SAMPLES_DISCARDED, WAL_PRESSURE
from logops.number_text import count_text, plural
from logops.platforms.platform import component_of
from logops.quality.context import Context
from logops.quality.counters import (
    DISCARDED,
    MISSED_BY_CANARY,
    RECEIVED,
    SENT,
    WAL_DISK_FULL,
    WAL_DISK_USED,
    Counter,
    restarted,
    total,
)
from logops.quality.limits import RETRIED_BY_AGENTS, limits_text

FULL_DISK = 0.9
BETWEEN_READS_S = 10.0
TOLERATED_SHARE = 0.01
TOLERATED_LINES = 10
"""Differences between two counters that are no finding: the larger of the three."""


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
            reasons[reason] = reasons.get(reason, 0) + counter.value / _copies(context, counter)
    for (cluster, tenant), reasons in sorted(lines.items()):
        yield cluster, tenant, {reason: ceil(count) for reason, count in reasons.items()}


def _copies(context: Context, counter: Counter) -> int:
    is_ingester = component_of(counter.process, counter.cluster) == "ingester"
    return context.environment.clusters[counter.cluster].replication_factor if is_ingester else 1


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


def lines_not_received(context: Context) -> Iterator[Finding]:
    """Yield the clusters whose distributors received fewer lines than the agents sent.

    Counters are read one process after the other, so a difference of some seconds of traffic is no finding. A process
    that restarted has lost its count.
    """
    if context.earlier is None:
        return
    began_anew = restarted(context.measured.counters, context.earlier.counters)
    elapsed_s = (context.request.as_of - context.earlier.as_of).total_seconds()
    for cluster in context.environment.clusters:
        counters = [counter for counter in context.increases if counter.cluster == cluster]
        if began_anew & {counter.process for counter in counters if counter.name in (RECEIVED, *SENT)}:
            continue
        sent, received = total(counters, *SENT), total(counters, RECEIVED)
        refused = sum(sum(counts.values()) for name, _, counts in _discarded(context) if name == cluster)
        between_reads = sent / elapsed_s * BETWEEN_READS_S if elapsed_s > 0 else sent
        missing = sent - received - refused - max(between_reads, sent * TOLERATED_SHARE, TOLERATED_LINES)
        if missing > 0:
            yield Finding(
                LINES_LOST,
                Subject(context.environment.name, cluster),
                f"Agents of cluster {cluster} sent {sent:,.0f} lines since the last run. The distributors received "
                f"{received:,.0f} and refused {refused:,}.",
                context.request.as_of,
                {"sent": int(sent), "received": int(received), "refused": refused},
            )
