"""Judge the samples of a query against its objective."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from logops.benchmark.history.explain import time_spent
from logops.benchmark.history.nights import MIN_ANSWERS, QueryHistory
from logops.benchmark.history.trend import Trend, trends
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.percentile import percentile
from logops.benchmark.measure.sample import Ending, Sample, by_case
from logops.number_text import count_text, seconds_text, size_text
from logops.queries.model import LibraryQuery


@dataclass(frozen=True)
class Verdict:
    """The verdict on one query, range and mode. Seconds and bytes."""

    case: Case
    cluster: str
    tenant: str
    answered: int
    p50: float | None
    p95: float | None
    bytes: int | None
    missed_objectives: tuple[str, ...]
    """The missed objectives, in words."""
    failure_messages: tuple[str, ...]
    """Loki's messages, each once; empty if it failed only now and then."""
    failures: int
    throttled: int
    unreached: str
    """Why Loki could not be reached, the last time that happened."""
    not_run: int
    not_run_reason: str
    """Why rounds were left out; empty if none were."""
    note: str
    """Why there is no verdict; empty if there is one."""
    trend: Trend | None
    """The comparison with earlier nights; None if this night has too few answers."""
    why: str = ""
    """Why it takes so long, from Loki's statistics."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Events that are reported but not judged."""
        return (
            *((f"{self.throttled} answered with 429 (too many requests)",) if self.throttled else ()),
            *(
                (f"{self.failures} failed, {self.answered} answered",)
                if self.failures and not self.failure_messages
                else ()
            ),
            *((self.unreached,) if self.unreached else ()),
        )


def verdicts(
    samples: Iterable[Sample], library: Mapping[str, LibraryQuery], histories: Mapping[Case, QueryHistory]
) -> list[Verdict]:
    """Return verdicts in the order of the samples. Objectives apply to a query's own range: the time to warm answers,
    the bytes to cold ones, because cached answers read nothing."""
    case_trends = trends(histories)
    return [
        verdict(case, case_samples, library[case.query], histories.get(case), case_trends.get(case))
        for case, case_samples in by_case(samples).items()
    ]


def verdict(
    case: Case, samples: list[Sample], query: LibraryQuery, history: QueryHistory | None, trend: Trend | None
) -> Verdict:
    judged = [sample for sample in samples if sample.round > 0]
    answered = [sample for sample in samples if sample.judged]
    seconds = sorted(sample.seconds for sample in answered)
    p95 = percentile(seconds, 0.95) if seconds else None
    read = int(median(sample.bytes for sample in answered)) if answered else None
    enough = len(answered) >= MIN_ANSWERS
    missed = missed_objectives(query, case.mode, p95, answered) if enough and has_objective(query, case.range_s) else ()
    failures = [sample for sample in samples if sample.ending == Ending.FAILED]
    not_run = [sample for sample in judged if sample.ending == Ending.NOT_ASKED]
    return Verdict(
        case=case,
        cluster=query.cluster,
        tenant=query.tenant,
        answered=len(answered),
        p50=median(seconds) if seconds else None,
        p95=p95,
        bytes=read,
        missed_objectives=missed,
        failure_messages=tuple(dict.fromkeys(failure.message for failure in failures)) if is_failing(samples) else (),
        failures=len(failures),
        throttled=sum(sample.ending == Ending.THROTTLED or sample.backed_off > 0 for sample in samples),
        unreached=next((sample.message for sample in reversed(samples) if sample.ending == Ending.UNREACHED), ""),
        not_run=len(not_run),
        not_run_reason=not_run[0].message if not_run else "",
        note="" if enough else f"{count_text(len(answered), 'answer')}: {MIN_ANSWERS} are needed to judge",
        trend=trend,
        why=(trend.why if trend else "") or (time_spent(history.nights[-1].work) if history else ""),
    )


def is_failing(samples: Sequence[Sample]) -> bool:
    """Whether a query is failing: twice in a row, or in 10 % of the runs. Retries handle single failures."""
    failed = [sample.ending == Ending.FAILED for sample in samples if sample.ending in (Ending.ANSWERED, Ending.FAILED)]
    return any(map(all, pairwise(failed))) or (any(failed) and 10 * sum(failed) >= len(failed))


def has_objective(query: LibraryQuery, range_s: int) -> bool:
    return range_s * 1000 == query.range.value


def missed_objectives(query: LibraryQuery, mode: Mode, p95: float | None, answered: list[Sample]) -> tuple[str, ...]:
    """Return the missed objectives. For bytes, the largest answer counts."""
    if mode is Mode.WARM:
        promised_s = query.objective.p95.value / 1000
        if p95 is None or p95 <= promised_s:
            return ()
        return (f"p95 is {seconds_text(p95)}, promised {seconds_text(promised_s)}",)
    most, promised = max(sample.bytes for sample in answered), query.objective.bytes.value
    return (f"{size_text(most)} read, promised at most {size_text(promised)}",) if most > promised else ()
