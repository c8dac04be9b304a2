"""Explain why a query is slow, or slower than before, from Loki's own statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from logops.benchmark.measure.sample import Sample
from logops.number_text import seconds_text, size_text

MIN_GROWTH = 1.05
"""A smaller growth counts as equal."""
MIN_CACHE_LOSS = 0.1
"""A cause if this share fewer of its chunks came from the cache."""


@dataclass(frozen=True)
class Work:
    """The median of several answers. Seconds and bytes."""

    seconds: float
    exec_s: float
    queue_s: float
    bytes: float
    cached_results: float
    shards: float
    lines: float = 0.0
    chunks: float = 0.0
    cached_chunks: float = 0.0


def work_of(samples: Sequence[Sample]) -> Work:
    return Work(
        seconds=median(sample.seconds for sample in samples),
        exec_s=median(sample.exec_s for sample in samples),
        queue_s=median(sample.queue_s for sample in samples),
        bytes=median(sample.bytes for sample in samples),
        cached_results=median(sample.cached_results for sample in samples),
        shards=median(sample.shards for sample in samples),
        lines=median(sample.lines for sample in samples),
        chunks=median(sample.chunks for sample in samples),
        cached_chunks=median(sample.cached_chunks for sample in samples),
    )


def total_work(works: Sequence[Work]) -> Work:
    """Return the sum over several queries."""
    return Work(*(sum(getattr(work, name) for work in works) for name in Work.__match_args__))


def explain_slowdown(before: Work, after: Work) -> str:
    """Explain why `after` is slower: one sentence per cause. Without a cause for slower bytes, also say how much slower
    each byte is. Empty if nothing explains it."""
    # Bytes that came from the results cache before are read now: this is no growth of the data.
    uncached = _fell(before.cached_results, after.cached_results)
    grew = _grew(before.bytes, after.bytes) and not uncached
    causes = _causes(before, after)
    if uncached:
        causes.insert(0, "less of it came from the cache of results")
    reasons = [f"the data grew: it read {_more(before.bytes, after.bytes)} bytes"] if grew else []
    if _fell(before.shards, after.shards):
        reasons.append(f"it ran in {after.shards:g} shards, before in {before.shards:g}")
    # All parts together wait longer than the query takes. It is a cause only if the wait grew by more than the time;
    # its exact share is unknown.
    waited, slower = after.queue_s - before.queue_s, after.seconds - before.seconds
    if waited > slower / 2 > 0 and after.queue_s * before.seconds > before.queue_s * after.seconds * MIN_GROWTH:
        reasons.append(f"its parts waited {seconds_text(waited)} longer in the queue")
    return _sentence([*reasons, *(causes or _per_byte(before, after))])


def explain_growth(before: Work, after: Work) -> str:
    """Explain why `after` reads more: more lines, longer lines, or more chunks."""
    reasons = []
    if _grew(before.lines, after.lines):
        reasons.append(f"{_more(before.lines, after.lines)} lines")
    if before.lines and after.lines and _grew(before.bytes / before.lines, after.bytes / after.lines):
        longer = _more(before.bytes / before.lines, after.bytes / after.lines).removesuffix(" more")
        reasons.append(f"a line is {longer} longer")
    if _grew(before.chunks, after.chunks):
        reasons.append(f"{_more(before.chunks, after.chunks)} chunks")
    return _sentence(reasons)


def _causes(before: Work, after: Work) -> list[str]:
    """Return causes that could each explain everything, and that make bytes slower."""
    reasons = []
    if _share_cached(after) < _share_cached(before) - MIN_CACHE_LOSS:
        reasons.append(
            f"{after.cached_chunks:.0f} of its {after.chunks:.0f} chunks came from their cache, before "
            f"{before.cached_chunks:.0f} of {before.chunks:.0f}"
        )
    slower = after.seconds - before.seconds
    outside = (after.seconds - after.exec_s) - (before.seconds - before.exec_s)
    if outside > slower / 2 > 0:
        reasons.append(f"{seconds_text(outside)} more passed outside of Loki's own work, on the way to it and back")
    return reasons


def _share_cached(work: Work) -> float:
    return work.cached_chunks / work.chunks if work.chunks else 0.0


def _per_byte(before: Work, after: Work) -> list[str]:
    if not (before.bytes and after.bytes and before.exec_s and after.exec_s):
        return []
    ratio = (after.exec_s / after.bytes) / (before.exec_s / before.bytes)
    return [f"each byte took {ratio - 1:.0%} longer"] if ratio > MIN_GROWTH else []


def _grew(before: float, after: float) -> bool:
    return bool(before) and after > before * MIN_GROWTH


def _fell(before: float, after: float) -> bool:
    return after * MIN_GROWTH < before


def _more(before: float, after: float) -> str:
    return f"{after / before - 1:.0%} more"


def time_spent(work: Work) -> str:
    """Return where the time goes."""
    rate = f" ({size_text(work.bytes / work.exec_s)}/s)" if work.exec_s and work.bytes else ""
    waited = f"its parts waited {seconds_text(work.queue_s)} in the queue"
    return f"Loki worked {seconds_text(work.exec_s)} on {size_text(work.bytes)}{rate}; {waited}."


def _sentence(reasons: Sequence[str]) -> str:
    text = "; ".join(reasons)
    return f"{text[:1].upper()}{text[1:]}." if text else ""
