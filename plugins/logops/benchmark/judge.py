"""Judge the samples of a query against its objective."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from logops.benchmark.nights import FEWEST, Past, by_arm
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Arm, Mode
from logops.benchmark.trend import Trend, trends
from logops.benchmark.why import spent
from logops.queries.model import LibraryQuery


@dataclass(frozen=True)
class Verdict:
    """The verdict on one query, range and mode. Seconds and bytes."""

    arm: Arm
    cluster: str
    tenant: str
    answered: int
    p50: float | None
    p95: float | None
    bytes: int | None
    over: tuple[str, ...]
    """The missed objectives, in words."""
    failed: tuple[str, ...]
    """Loki's messages, each once; empty if it failed only now and then."""
    failures: int
    throttled: int
    unreached: str
    """Why Loki could not be reached, the last time that happened."""
    not_asked: int
    left_out: str
    """Why rounds were left out; empty if none were."""
    note: str
    """Why there is no verdict; empty if there is one."""
    trend: Trend | None
    """The comparison with earlier nights; None if this night has too few answers."""
    why: str = ""
    """Why it takes so long, from Loki's statistics."""

    @property
    def aside(self) -> tuple[str, ...]:
        """Events that are reported but not judged."""
        return (
            *((f"Loki said 429 to {self.throttled}",) if self.throttled else ()),
            *((f"{self.failures} failed beside {self.answered} answers",) if self.failures and not self.failed else ()),
            *((self.unreached,) if self.unreached else ()),
        )


def verdicts(
    samples: Iterable[Sample], library: Mapping[str, LibraryQuery], pasts: Mapping[Arm, Past]
) -> list[Verdict]:
    """Return verdicts in the order of the samples. Objectives apply to a query's own range: the time to warm answers,
    the bytes to cold ones, because cached answers read nothing."""
    arm_trends = trends(pasts)
    return [
        verdict(arm, arm_samples, library[arm.query], pasts.get(arm), arm_trends.get(arm))
        for arm, arm_samples in by_arm(samples).items()
    ]


def verdict(arm: Arm, samples: list[Sample], query: LibraryQuery, past: Past | None, trend: Trend | None) -> Verdict:
    judged = [sample for sample in samples if sample.round > 0]
    answered = [sample for sample in samples if sample.judged]
    seconds = sorted(sample.seconds for sample in answered)
    p95 = percentile(seconds, 0.95) if seconds else None
    read = int(median(sample.bytes for sample in answered)) if answered else None
    enough = len(answered) >= FEWEST
    over = missed(query, arm.mode, p95, answered) if enough and has_objective(query, arm.range_s) else ()
    failures = [sample for sample in samples if sample.ending == Ending.FAILED]
    not_asked = [sample for sample in judged if sample.ending == Ending.NOT_ASKED]
    return Verdict(
        arm=arm,
        cluster=query.cluster,
        tenant=query.tenant,
        answered=len(answered),
        p50=median(seconds) if seconds else None,
        p95=p95,
        bytes=read,
        over=over,
        failed=tuple(dict.fromkeys(failure.message for failure in failures)) if is_failing(samples) else (),
        failures=len(failures),
        throttled=sum(sample.ending == Ending.THROTTLED or sample.backed_off > 0 for sample in samples),
        unreached=next((sample.message for sample in reversed(samples) if sample.ending == Ending.UNREACHED), ""),
        not_asked=len(not_asked),
        left_out=not_asked[0].message if not_asked else "",
        note="" if enough else f"{len(answered)} answers: {FEWEST} are needed to judge",
        trend=trend,
        why=(trend.why if trend else "") or (spent(past.nights[-1].work) if past else ""),
    )


def is_failing(samples: Sequence[Sample]) -> bool:
    """Whether a query is failing: twice in a row, or in 10 % of the runs. Retries handle single failures."""
    failed = [sample.ending == Ending.FAILED for sample in samples if sample.ending in (Ending.ANSWERED, Ending.FAILED)]
    return any(map(all, pairwise(failed))) or (any(failed) and 10 * sum(failed) >= len(failed))


def has_objective(query: LibraryQuery, range_s: int) -> bool:
    return range_s * 1000 == query.range.value


def missed(query: LibraryQuery, mode: Mode, p95: float | None, answered: list[Sample]) -> tuple[str, ...]:
    """Return the missed objectives. For bytes, the largest answer counts."""
    if mode is Mode.WARM:
        late = p95 is not None and p95 * 1000 > query.objective.p95.value
        return (f"95 of 100 answers within {p95:.2f} s, promised {query.objective.p95}",) if late else ()
    most = max(sample.bytes for sample in answered)
    much = most > query.objective.bytes.value
    return (f"{most:,} bytes read, promised at most {query.objective.bytes}",) if much else ()


def percentile(ordered: list[float], share: float) -> float:
    """Return a percentile by nearest rank, which is always a measured value."""
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
