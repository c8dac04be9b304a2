"""Why a query takes so long, or longer than before, from what Loki itself says of its work."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from logops.benchmark.sample import Sample

GREW = 1.05
"""Less than this is the same."""


@dataclass(frozen=True)
class Work:
    """The median of a side's answers. Seconds, bytes."""

    seconds: float
    exec_s: float
    queue_s: float
    bytes: float
    cached_results: float
    shards: float


def work_of(samples: Sequence[Sample]) -> Work:
    return Work(
        seconds=median(one.seconds for one in samples),
        exec_s=median(one.exec_s for one in samples),
        queue_s=median(one.queue_s for one in samples),
        bytes=median(one.bytes for one in samples),
        cached_results=median(one.cached_results for one in samples),
        shards=median(one.shards for one in samples),
    )


def why(before: Work, after: Work) -> str:
    """Of `after` being slower: each cause that is seen, in a sentence; of what no cause explains, where it passed.
    Empty where nothing of it is seen."""
    told = []
    if after.cached_results < before.cached_results:
        told.append("less of it came from the cache of results")
    if before.bytes and after.bytes > before.bytes * GREW:
        told.append(f"the data grew: it read {after.bytes / before.bytes - 1:.0%} more bytes")
    waited = after.queue_s - before.queue_s
    if waited > (after.seconds - before.seconds) / 2 > 0:
        told.append(f"its parts waited {waited:.2f} s longer in the queue")
    if after.shards < before.shards:
        told.append(f"it ran in {after.shards:.0f} shards, before in {before.shards:.0f}")
    told = told or _slower_in_itself(before, after)
    return f"{_capital('; '.join(told))}." if told else ""


def _slower_in_itself(before: Work, after: Work) -> list[str]:
    outside = (after.seconds - after.exec_s) - (before.seconds - before.exec_s)
    if outside > (after.seconds - before.seconds) / 2 > 0:
        return [f"{outside:.2f} s more passed outside of Loki's own work, on the way to it and back"]
    if before.bytes and after.bytes and before.exec_s and after.exec_s:
        per_byte = (after.exec_s / after.bytes) / (before.exec_s / before.bytes)
        return [f"each byte took {per_byte - 1:.0%} longer"] if per_byte > GREW else []
    return []


def spent(work: Work) -> str:
    """Where the time goes."""
    rate = f" ({work.bytes / work.exec_s / 1e6:,.0f} MB/s)" if work.exec_s and work.bytes else ""
    waited = f"its parts waited {work.queue_s:.2f} s in the queue"
    return f"Loki worked {work.exec_s:.2f} s on {work.bytes / 1e6:,.1f} MB{rate}; {waited}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
