"""Convert verdicts to findings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from logops.benchmark.history.common_effect import QueryGroup
from logops.benchmark.history.trend import CommonTrend
from logops.benchmark.verdict import Verdict
from logops.findings import Finding, Subject
from logops.findings.classes.benchmark import (
    BENCHMARK_TOO_NOISY,
    QUERY_COST_GREW,
    QUERY_FAILING,
    QUERY_OVER_OBJECTIVE,
    QUERY_REGRESSED,
)
from logops.findings.classes.rollout import CHECK_INCOMPLETE
from logops.number_text import count_text, seconds_text, size_text


def query_findings(environment: str, verdicts: Sequence[Verdict], as_of: datetime) -> Iterator[Finding]:
    """Yield the findings of each query: failures, missed objectives, changes, and what could not be measured."""
    for query in dict.fromkeys(verdict.case.query for verdict in verdicts):
        query_verdicts = [verdict for verdict in verdicts if verdict.case.query == query]
        subject = Subject(environment, query_verdicts[0].cluster, query_verdicts[0].tenant, query=query)
        yield from _against_promises(query_verdicts, subject, as_of)
        yield from _against_history(query_verdicts, subject, as_of)
        # Also for a failing query: its speed is unjudged, so an earlier finding must stay open.
        unjudged = [verdict for verdict in query_verdicts if verdict.note]
        if unjudged:
            throttled = sum(verdict.throttled for verdict in unjudged)
            skipped = sum(verdict.not_run for verdict in unjudged)
            why = f" {throttled} answered with 429 (too many requests)." if throttled else ""
            why += next((f" {verdict.unreached}" for verdict in unjudged if verdict.unreached), "")
            if skipped:
                reason = next(verdict.not_run_reason for verdict in unjudged if verdict.not_run_reason)
                why += f" {skipped} skipped: {reason}."
            yield Finding(CHECK_INCOMPLETE, subject, f"{unjudged[0].note}.{why}", as_of)


def _against_promises(verdicts: Sequence[Verdict], subject: Subject, as_of: datetime) -> Iterator[Finding]:
    failed = list(dict.fromkeys(message for verdict in verdicts for message in verdict.failure_messages))
    missed = list(dict.fromkeys(message for verdict in verdicts for message in verdict.missed_objectives))
    if failed:
        evidence = {
            "failed": sum(verdict.failures for verdict in verdicts),
            "answered": sum(verdict.answered for verdict in verdicts),
        }
        yield Finding(QUERY_FAILING, subject, failed[0], as_of, evidence)
    if missed:
        why = next((f" {verdict.why}" for verdict in verdicts if verdict.missed_objectives and verdict.why), "")
        yield Finding(QUERY_OVER_OBJECTIVE, subject, f"{'; '.join(missed)}.{why}", as_of)


def _against_history(verdicts: Sequence[Verdict], subject: Subject, as_of: datetime) -> Iterator[Finding]:
    """Yield the finding of the range and mode with the largest change."""
    slower = [
        (verdict.trend.seconds.step, verdict) for verdict in verdicts if verdict.trend and verdict.trend.seconds.step
    ]
    if slower:
        step, verdict = max(slower, key=lambda pair: pair[0].ratio)
        evidence = {"ratio": step.ratio, "nights": step.nights, "usual_s": step.before, "now_s": step.after}
        yield Finding(
            QUERY_REGRESSED,
            subject,
            f"{verdict.case}: {seconds_text(step.after)}, usually {seconds_text(step.before)}: {step.ratio:.2f} times, "
            f"since {count_text(step.nights, 'night')}"
            f"{', beside the other queries' if verdict.trend and verdict.trend.beside else ''}. "
            f"{verdict.why}".strip(),
            as_of,
            evidence,
        )
    grown = [
        (verdict.trend.bytes.step, verdict)
        for verdict in verdicts
        if verdict.trend and verdict.trend.bytes and verdict.trend.bytes.step
    ]
    if grown:
        step, verdict = max(grown, key=lambda pair: pair[0].ratio)
        evidence = {"ratio": step.ratio, "nights": step.nights, "usual_bytes": step.before, "now_bytes": step.after}
        yield Finding(
            QUERY_COST_GREW,
            subject,
            f"{verdict.case}: {size_text(step.after)} read, usually {size_text(step.before)}: {step.ratio:.2f} times, "
            f"since {count_text(step.nights, 'night')}. {verdict.trend.why_more if verdict.trend else ''}".strip(),
            as_of,
            evidence,
        )
    noisy = [verdict.trend.seconds for verdict in verdicts if verdict.trend and verdict.trend.seconds.too_noisy]
    if noisy and not slower:
        most = max(history.noise or 0 for history in noisy)
        yield Finding(
            BENCHMARK_TOO_NOISY,
            subject,
            f"It differs by {most:.0%} from night to night: if it became a fifth slower, a week may pass unnoticed.",
            as_of,
            {"noise": most},
        )


def library_findings(
    environment: str, common_trends: Mapping[QueryGroup, CommonTrend], as_of: datetime
) -> Iterator[Finding]:
    """Yield findings about all queries of a cluster together, for the mode with the largest change."""
    for cluster in dict.fromkeys(group.cluster for group in common_trends):
        cluster_commons = {group: common for group, common in common_trends.items() if group.cluster == cluster}
        slower = [(common.times.step, group) for group, common in cluster_commons.items() if common.times.step]
        noisy = [common.times.noise or 0 for common in cluster_commons.values() if common.times.too_noisy]
        if slower:
            step, group = max(slower, key=lambda pair: pair[0].ratio)
            why = f" {cluster_commons[group].why}" if cluster_commons[group].why else ""
            yield Finding(
                QUERY_REGRESSED,
                Subject(environment, cluster),
                f"The whole library, {group.mode}: {step.ratio:.2f} times what is usual, since "
                f"{count_text(step.nights, 'night')}.{why} It is no single query: look at the cluster, its machines, "
                "its storage, and how much is logged.",
                as_of,
                {"ratio": step.ratio, "nights": step.nights},
            )
        elif noisy:
            yield Finding(
                BENCHMARK_TOO_NOISY,
                Subject(environment, cluster),
                f"The whole library differs by {max(noisy):.0%} from night to night: if the cluster became a fifth "
                "slower, a week may pass unnoticed.",
                as_of,
                {"noise": max(noisy)},
            )
