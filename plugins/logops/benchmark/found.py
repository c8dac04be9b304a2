"""Convert verdicts to findings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from logops.benchmark.judge import Verdict
from logops.benchmark.shared import Group
from logops.benchmark.trend import Common
from logops.findings import Finding, Subject
from logops.findings.classes.benchmark import (
    BENCHMARK_TOO_NOISY,
    QUERY_COST_GREW,
    QUERY_FAILING,
    QUERY_OVER_OBJECTIVE,
    QUERY_REGRESSED,
)
from logops.findings.classes.rollout import CHECK_INCOMPLETE


def findings_of(environment: str, found: Sequence[Verdict], as_of: datetime) -> Iterator[Finding]:
    """Yield the findings of each query: failures, missed objectives, changes, and what could not be measured."""
    for query in dict.fromkeys(one.arm.query for one in found):
        own = [one for one in found if one.arm.query == query]
        subject = Subject(environment, own[0].cluster, own[0].tenant, query=query)
        yield from _against_promises(own, subject, as_of)
        yield from _against_history(own, subject, as_of)
        # Also for a failing query: its speed is unknown, so an earlier finding must stay open.
        unknown = [one for one in own if one.note]
        if unknown:
            throttled, left = sum(one.throttled for one in unknown), sum(one.not_asked for one in unknown)
            why = f" Loki said 429 to {throttled}." if throttled else ""
            why += next((f" {one.unreached}" for one in unknown if one.unreached), "")
            why += f" {left} were not asked: {next(one.left_out for one in unknown if one.left_out)}." if left else ""
            yield Finding(CHECK_INCOMPLETE, subject, f"{unknown[0].note}.{why}", as_of)


def _against_promises(own: Sequence[Verdict], subject: Subject, as_of: datetime) -> Iterator[Finding]:
    failed = list(dict.fromkeys(message for one in own for message in one.failed))
    over = list(dict.fromkeys(message for one in own for message in one.over))
    if failed:
        evidence = {"failed": sum(one.failures for one in own), "answered": sum(one.answered for one in own)}
        yield Finding(QUERY_FAILING, subject, failed[0], as_of, evidence)
    if over:
        why = next((f" {one.why}" for one in own if one.over and one.why), "")
        yield Finding(QUERY_OVER_OBJECTIVE, subject, f"{'; '.join(over)}.{why}", as_of)


def _against_history(own: Sequence[Verdict], subject: Subject, as_of: datetime) -> Iterator[Finding]:
    """Yield the finding of the range and mode with the largest change."""
    slower = [(one.trend.seconds.step, one) for one in own if one.trend and one.trend.seconds.step]
    if slower:
        step, one = max(slower, key=lambda found: found[0].ratio)
        evidence = {"ratio": step.ratio, "nights": step.nights, "usual_s": step.before, "now_s": step.after}
        yield Finding(
            QUERY_REGRESSED,
            subject,
            f"{one.arm}: {step.after:.3f} s, usually {step.before:.3f} s: {step.ratio:.2f} times, since {step.nights} "
            f"nights{', beside the other queries' if one.trend and one.trend.beside else ''}. {one.why}".strip(),
            as_of,
            evidence,
        )
    grown = [(one.trend.bytes.step, one) for one in own if one.trend and one.trend.bytes and one.trend.bytes.step]
    if grown:
        step, one = max(grown, key=lambda found: found[0].ratio)
        evidence = {"ratio": step.ratio, "nights": step.nights, "usual_bytes": step.before, "now_bytes": step.after}
        yield Finding(
            QUERY_COST_GREW,
            subject,
            f"{one.arm}: {step.after:,.0f} bytes read, usually {step.before:,.0f}: {step.ratio:.2f} times, since "
            f"{step.nights} nights. {one.trend.why_more if one.trend else ''}".strip(),
            as_of,
            evidence,
        )
    noisy = [one.trend.seconds for one in own if one.trend and one.trend.seconds.too_noisy]
    if noisy and not slower:
        most = max(one.noise or 0 for one in noisy)
        yield Finding(
            BENCHMARK_TOO_NOISY,
            subject,
            f"It differs by {most:.0%} from night to night: if it became a fifth slower, a week may pass unnoticed.",
            as_of,
            {"noise": most},
        )


def of_library(environment: str, found: Mapping[Group, Common], as_of: datetime) -> Iterator[Finding]:
    """Yield findings about all queries of a cluster together, for the mode with the largest change."""
    for cluster in dict.fromkeys(group.cluster for group in found):
        own = {group: one for group, one in found.items() if group.cluster == cluster}
        slower = [(one.times.step, group) for group, one in own.items() if one.times.step]
        noisy = [one.times.noise or 0 for one in own.values() if one.times.too_noisy]
        if slower:
            step, group = max(slower, key=lambda one: one[0].ratio)
            why = f" {own[group].why}" if own[group].why else ""
            yield Finding(
                QUERY_REGRESSED,
                Subject(environment, cluster),
                f"The whole library, {group.mode}: {step.ratio:.2f} times what is usual, since {step.nights} "
                f"nights.{why} It is no single query: look at the cluster, its machines, its storage, and how much is "
                "logged.",
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
