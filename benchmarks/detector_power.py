"""Measure by simulation how often the detector of slower queries is wrong, and how soon it finds a slowdown.

    python -m benchmarks.detector_power [--months 2000]

Simulated: ten queries in two modes, warm and cold. A busy or calm night affects all queries and continues for some
nights (autoregressive, 0.5). Each query and mode has noise of its own, between nights and between answers. The first
query is judged relative to the others, with the functions that the DAG uses. An alarm in either mode counts.

First come 40 nights without a step (or 12, the minimum for a verdict), then 30 more nights:

- unchanged: gives the false alarms of a query, of the whole library, and of a second range
- slower by 5, 10, 20 or 50 %: gives the power

Then some of the ten queries become faster. Measured are the false alarms of the other queries in the month after, and
of the faster queries; the night on which their new regime begins; and whether a slowdown of 20 % after 16 nights is
found by the second night, for both kinds of queries.

Single bad nights, with half the speed: two of them in a row look like a step to any detector that answers by the second
night. With 1 bad night in 50, this happens in 1.2 % of months.
"""

import argparse
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.benchmark.history.explain import Work
from logops.benchmark.history.nights import MAX_NIGHTS, Night, QueryHistory
from logops.benchmark.history.trend import Trend, common_trends, trend_function, trends
from logops.benchmark.measure.cases import Case, Mode
from logops.benchmark.measure.in_turns import PRECISE
from logops.benchmark.request import MOST_ROUNDS, ROUNDS

CALM = (12, 40)
MONTH = 30
ARMS = 2
QUERIES = 10
LONGEST = 14
GOES_ON = 0.5
WORLDS = {
    "all 5 %, own 1 %, answers 8 %": (0.05, 0.01, 0.08, 0.0),
    "all 15 %, own 1.5 %, answers 20 %": (0.15, 0.015, 0.20, 0.0),
    "all 15 %, own 3 %, answers 20 %": (0.15, 0.03, 0.20, 0.0),
    "all 15 %, own 6 %, answers 20 %": (0.15, 0.06, 0.20, 0.0),
    "the second, 1 night of 100 half slower": (0.15, 0.015, 0.20, 0.01),
    "the second, 1 night of 50 half slower": (0.15, 0.015, 0.20, 0.02),
}
SLOWER = (0.05, 0.10, 0.20, 0.50)
FASTER = ((1, 2.0), (4, 1.2), (4, 2.0), (6, 2.0), (10, 2.0))
"""Number of queries that become faster, and the factor."""
FASTER_IN = "all 15 %, own 1.5 %, answers 20 %"
AFTER = 16
NO_WORK = Work(1.0, 1.0, 0.0, 0.0, 0.0, 4.0)
World = tuple[float, float, float, float]
Nights = Mapping[Case, list[Night]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--months", type=int, default=2000)
    months = parser.parse_args().months
    console, progress = Console(width=150), Console(stderr=True)
    table = table_of(
        "noise", *(f"after {calm}" for calm in CALM), "two ranges", "library", *(f"{one:.0%} slower" for one in SLOWER)
    )
    faster = table_of(
        "became faster", "alarms of the others", "of these", "begun by night 2 / 7", "a fifth, others", "these"
    )
    with ProcessPoolExecutor() as pool:
        for row in track(pool.map(partial(unchanged, months=months), WORLDS), "worlds", len(WORLDS), console=progress):
            table.add_row(*row)
        for row in track(
            pool.map(partial(after_faster, months=months // 4), FASTER), "faster", len(FASTER), console=progress
        ):
            faster.add_row(*row)
    console.print(f"{months} months for the false alarms; {months // 4} steps each, found by night 2 / 7 / 14")
    console.print(table)
    console.print(f"\n{months // 4} months each; {FASTER_IN}")
    console.print(faster)


def table_of(*columns: str) -> Table:
    table = Table(box=None, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    return table


def unchanged(name: str, months: int) -> list[str]:
    """Return a row: false alarms, and the slowdowns that are found."""
    number, world = [*WORLDS].index(name), WORLDS[name]
    row = [name]
    for calm in CALM:
        alarms = sum(alarmed([number, calm, month], world, calm) for month in range(months))
        row.append(f"{alarms / months:.2%}")
    alarms = sum(alarmed([number, CALM[-1], month], world, CALM[-1], 2) for month in range(months))
    row.append(f"{alarms / months:.2%}")
    library = sum(library_alarmed([number, CALM[-1], month], world) for month in range(months))
    row.append(f"{library / months:.2%}")
    for slower in SLOWER:
        detected = [first_found([number, 99, month], world, slower) for month in range(months // 4)]
        row.append(" / ".join(f"{share(detected, nights):.0%}" for nights in (2, 7, 14)))
    return row


def share(detected: list[int | None], nights: int) -> float:
    return sum(one is not None and one <= nights for one in detected) / len(detected)


def alarmed(seed: list[int], world: World, calm: int, ranges: int = 1) -> bool:
    """Whether there is an alarm on any night of a month without a step, in any mode."""
    series = [nights_of(one) for one in cases(seed, world, calm + MONTH, ranges)]
    return any(is_alarmed(one, end) for one in series for end in range(calm + 1, calm + MONTH + 1))


def first_found(seed: list[int], world: World, slower: float) -> int | None:
    """Return the first night with an alarm after the step, from 1, in any mode; None: none in the first 14 nights."""
    calm = CALM[-1]
    typical_times = cases(seed, world, calm + LONGEST)
    for one in typical_times:
        one[0, calm:] *= 1 + slower
    series = [nights_of(one) for one in typical_times]
    return next((at for at in range(1, LONGEST + 1) if any(is_alarmed(one, calm + at) for one in series)), None)


def library_alarmed(seed: list[int], world: World) -> bool:
    """Whether the whole library has an alarm on any night of a month without a step, in the first mode."""
    calm = CALM[-1]
    nights = nights_of(cases(seed, world, calm + MONTH)[0])
    verdicts = (common_trends(until(nights, end)) for end in range(calm + 1, calm + MONTH + 1))
    return any(one.times.step for library in verdicts for one in library.values())


def after_faster(which: tuple[int, float], months: int) -> list[str]:
    """Return a row: what happens after the queries `which` became faster by a factor, in one mode."""
    count, gain = which
    alarms, begun, detected = np.zeros(2), np.zeros(2), np.zeros(2)
    for month in range(months):
        typical_times = cases([98, count, int(gain * 10), month], WORLDS[FASTER_IN], CALM[-1] + MONTH)[0]
        typical_times[:count, CALM[-1] :] /= gain
        verdicts = {end: trends(until(nights_of(typical_times), CALM[-1] + end)) for end in range(1, MONTH + 1)}
        ever = {case.query for trends in verdicts.values() for case, one in trends.items() if one.regressed}
        alarms += [sum(int(query) >= count for query in ever), sum(int(query) < count for query in ever)]
        begun += [sum(one.slower_once > 0 for one in verdicts[night].values()) for night in (2, 7)]
        typical_times[[0, -1], CALM[-1] + AFTER :] *= 1.2
        later = trends(until(nights_of(typical_times), CALM[-1] + AFTER + 2))
        detected += [later[case(QUERIES - 1)].regressed, later[case(0)].regressed]
    others = count < QUERIES
    return [
        f"{count} of {QUERIES}, {gain:g} times as fast",
        f"{alarms[0] / months / (QUERIES - count):.1%}" if others else "",
        f"{alarms[1] / months / count:.1%}",
        " / ".join(f"{one / months / count:.0%}" for one in begun),
        f"{detected[0] / months:.0%}" if others else "",
        f"{detected[1] / months:.0%}",
    ]


def first_query(nights: Nights, end: int) -> list[Trend]:
    """Return the verdicts on the first query on a night, one for each range."""
    trend_of = trend_function(until(nights, end))
    return [trend_of(case) for case in nights if case.query == "0"]


def is_alarmed(nights: Nights, end: int) -> bool:
    return any(one.regressed for one in first_query(nights, end))


def until(nights: Nights, end: int) -> dict[Case, QueryHistory]:
    return {case: QueryHistory(tuple(own[max(0, end - MAX_NIGHTS) : end]), 0) for case, own in nights.items()}


def case(row: int) -> Case:
    """Return the case of a row: first the queries over an hour, then those over a longer range."""
    return Case(str(row % QUERIES), 3600 * (1 + row // QUERIES), Mode.COLD)


def nights_of(typical_times: np.ndarray) -> Nights:
    """Return the nights of each case.

    levels   one row per query and range, one column per night
    """
    return {
        case(row): [
            Night(str(at), at, ("", "", 1), ROUNDS, NO_WORK, "main", float(level), float(level))
            for at, level in enumerate(own)
        ]
        for row, own in enumerate(typical_times)
    }


def cases(seed: list[int], world: World, count: int, ranges: int = 1) -> list[np.ndarray]:
    """Return one row per query and range for each mode. A bad night affects all ranges of the first query."""
    common_effects, own, within, bad = world
    chance = np.random.default_rng(seed)
    rounds = min(max(ROUNDS, (within / PRECISE) ** 2), MOST_ROUNDS)
    alike = np.zeros(count)
    steps = chance.normal(0, common_effects * np.sqrt(1 - GOES_ON**2), count)
    for at in range(count):
        alike[at] = (GOES_ON * alike[at - 1] if at else 0) + steps[at]
    worse = np.where(chance.random(count) < bad, np.log(1.5), 0.0)
    rows = []
    for _ in range(ARMS):
        logs = alike + chance.normal(0, np.hypot(own, within / np.sqrt(rounds)), (QUERIES * ranges, count))
        logs[::QUERIES] += worse
        rows.append(np.exp(logs))
    return rows


if __name__ == "__main__":
    main()
