"""Asks live clusters every shot, round after round, so many at a time."""

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
"""Standard error, as a share, that is good enough."""
LONGEST_S = 30.0
"""Of one arm, all its answers together: then no more rounds are asked for it. What takes that long varies less."""


def measured(
    platforms: Sequence[ReadablePlatform],
    library: Mapping[str, LibraryQuery],
    asked: Asked,
    tell: Callable[[str], None],
) -> list[list[Sample]]:
    """Of each platform a sample a shot. Two take turns, the first to be asked changing from round to round.

    Raises LokiError where a cluster does not say how it is configured.
    """
    with ExitStack() as clients, ThreadPoolExecutor(asked.concurrency) as pool:
        sides = [ready_on(one, library, clients) for one in platforms]
        asking = Asking(asked, tell)
        by_side: list[list[Sample]] = [[] for _ in sides]

        def ask(wanted: Sequence[Shot]) -> None:
            turns = [
                (shot, which)
                for shot in wanted
                for which in (range(len(sides)) if shot.round % 2 == 0 else reversed(range(len(sides))))
            ]
            # A round is over before the next begins: what warms does, and nothing is asked beside itself.
            samples = pool.map(lambda turn: asking.ask(turn[0], sides[turn[1]]), turns)
            for (_, which), sample in zip(turns, samples, strict=True):
                by_side[which].append(sample)

        every = [*arms(library, asked)]
        asking.expect(len(every) * len(sides) * (asked.rounds + 1))
        for at in range(asked.rounds + 1):
            ask(one_round(every, at))
        for at in range(asked.rounds + 1, asked.most_rounds + 1):
            unsure = {arm for samples in by_side for arm in unsure_of(samples)}
            if not unsure or asking.ended:
                break
            asking.expect(len(unsure) * len(sides))
            ask(one_round([arm for arm in every if arm in unsure], at))
    # What only more rounds would have asked for is not missed.
    return [[one for one in side if one.round <= asked.rounds or one.ending != Ending.NOT_ASKED] for side in by_side]


def unsure_of(samples: Iterable[Sample]) -> Iterator[Arm]:
    """The arms that are not known to `PRECISE` yet, and do not take long."""
    for arm, own in by_arm(one for one in samples if one.judged).items():
        seconds = [one.seconds for one in own]
        if sum(seconds) < LONGEST_S and error(seconds) > PRECISE:
            yield arm


def arms(library: Mapping[str, LibraryQuery], asked: Asked) -> Iterator[Arm]:
    for name, query in library.items():
        for range_s in dict.fromkeys((query.range.value // 1000, *asked.ranges_s)):
            for mode in asked.modes:
                yield Arm(name, range_s, mode)
