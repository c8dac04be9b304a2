"""Measure live clusters, round after round, with limited concurrency."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from logops.benchmark.asked import Asked
from logops.benchmark.asking import Asking
from logops.benchmark.level import error
from logops.benchmark.nights import by_arm
from logops.benchmark.ready import ready_on
from logops.benchmark.sample import Ending, Sample
from logops.benchmark.shots import Arm, Shot, one_round
from logops.platforms.platform import ReadablePlatform
from logops.queries.model import LibraryQuery

PRECISE = 0.02
"""A relative standard error that is small enough."""
LONGEST_S = 30.0
"""Total time of all answers; beyond it there are no more rounds. Slow queries vary less."""


def measured(
    platforms: Sequence[ReadablePlatform],
    library: Mapping[str, LibraryQuery],
    request: Asked,
    tell: Callable[[str], None],
) -> list[list[Sample]]:
    """Return one sample per attempt for each platform. Two platforms take turns; the order alternates between rounds.

    Raises LokiError if a cluster does not report its configuration.
    """
    with ExitStack() as clients, ThreadPoolExecutor(request.concurrency) as pool:
        sides = [ready_on(platform, library, clients) for platform in platforms]
        asking = Asking(request, tell)
        by_side: list[list[Sample]] = [[] for _ in sides]

        def ask(shots: Sequence[Shot]) -> None:
            turns = [
                (shot, which)
                for shot in shots
                for which in (range(len(sides)) if shot.round % 2 == 0 else reversed(range(len(sides))))
            ]
            # A round ends before the next starts: it warms the caches, and no query runs beside itself.
            samples = pool.map(lambda turn: asking.ask(turn[0], sides[turn[1]]), turns)
            for (_, which), sample in zip(turns, samples, strict=True):
                by_side[which].append(sample)

        every = [*arms(library, request)]
        asking.expect(len(every) * len(sides) * (request.rounds + 1))
        for at in range(request.rounds + 1):
            ask(one_round(every, at))
        for at in range(request.rounds + 1, request.most_rounds + 1):
            unsure = {arm for samples in by_side for arm in unsure_of(samples)}
            if not unsure or asking.ended:
                break
            asking.expect(len(unsure) * len(sides))
            ask(one_round([arm for arm in every if arm in unsure], at))
    # Additional rounds that did not fit are not missed.
    return [
        [sample for sample in side if sample.round <= request.rounds or sample.ending != Ending.NOT_ASKED]
        for side in by_side
    ]


def unsure_of(samples: Iterable[Sample]) -> Iterator[Arm]:
    """Yield what is not known to `PRECISE` yet and does not take long."""
    for arm, arm_samples in by_arm(sample for sample in samples if sample.judged).items():
        seconds = [answer.seconds for answer in arm_samples]
        if sum(seconds) < LONGEST_S and error(seconds) > PRECISE:
            yield arm


def arms(library: Mapping[str, LibraryQuery], request: Asked) -> Iterator[Arm]:
    for name, query in library.items():
        for range_s in dict.fromkeys((query.range.value // 1000, *request.ranges_s)):
            for mode in request.modes:
                yield Arm(name, range_s, mode)
