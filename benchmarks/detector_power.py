"""How often the detector of slower queries errs: false alarms a query and month of nights, and what it finds, and when.

    python benchmarks/detector_power.py [--months 2000]

Simulated: ten queries on two arms, warm and cold. A night is busier or calmer for all of them, which goes on for some
nights (autoregressive, 0.5); each arm has a noise of its own, from night to night and from answer to answer. The first
query is judged beside the others, and is alarmed where either arm is. 40 nights (or 12, when the detector begins)
without a step come first, then 30 more: unchanged for the false alarms, of the query and of the library as a whole;
slower by 5, 10, 20 or 50 % for the power.

Where single nights are bad for one query by half, two in a row look like a step to any detector that answers by the
second night: with 1 bad night of 50 that alone happens in 1.2 % of months.
"""

import argparse

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.benchmark.asked import MOST_ROUNDS, ROUNDS
from logops.benchmark.change import look
from logops.benchmark.measure import PRECISE
from logops.benchmark.shared import Shared
from logops.benchmark.trend import slower_by_itself

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
World = tuple[float, float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--months", type=int, default=2000)
    months = parser.parse_args().months
    table = Table(box=None, header_style="bold")
    table.add_column("noise", no_wrap=True)
    for calm in CALM:
        table.add_column(f"after {calm}", justify="right", no_wrap=True)
    table.add_column("library", justify="right", no_wrap=True)
    for slower in SLOWER:
        table.add_column(f"{slower:.0%} slower", justify="right", no_wrap=True)
    for number, (name, world) in enumerate(track(WORLDS.items(), "worlds", console=Console(stderr=True))):
        row = [name]
        for calm in CALM:
            alarms = sum(alarmed([number, calm, month], world, calm) for month in range(months))
            row.append(f"{alarms / months:.2%}")
        library = sum(library_alarmed([number, calm, month], world, calm) for month in range(months))
        row.append(f"{library / months:.2%}")
        for slower in SLOWER:
            found = [first_found([number, 99, month], world, slower) for month in range(months // 4)]
            row.append(" / ".join(f"{share(found, nights):.0%}" for nights in (2, 7, 14)))
        table.add_row(*row)
    console = Console(width=150)
    console.print(f"{months} months for the false alarms; {months // 4} steps each, found by night 2 / 7 / 14")
    console.print(table)


def share(found: list[int | None], nights: int) -> float:
    return sum(one is not None and one <= nights for one in found) / len(found)


def alarmed(seed: list[int], world: World, calm: int) -> bool:
    """Whether any night of a month without a step is alarmed, in any arm."""
    series = arms(seed, world, calm + MONTH)
    return any(is_alarmed(one[:, :end]) for one in series for end in range(calm + 1, calm + MONTH + 1))


def first_found(seed: list[int], world: World, slower: float) -> int | None:
    """Which night after the step, from 1, says so first, in any arm; None: none of the first 14."""
    calm = CALM[-1]
    series = arms(seed, world, calm + LONGEST)
    for one in series:
        one[0, calm:] *= 1 + slower
    return next((at for at in range(1, LONGEST + 1) if any(is_alarmed(one[:, : calm + at]) for one in series)), None)


def library_alarmed(seed: list[int], world: World, calm: int) -> bool:
    """Whether what all queries have in common is alarmed on any night of a month without a step, on the first arm."""
    alike = [*shared(arms(seed, world, calm + MONTH)[0]).whole().values()]
    return any(look(alike[:end]).step for end in range(calm + 1, calm + MONTH + 1))


def is_alarmed(nights: np.ndarray) -> bool:
    """Whether the first of these queries is, on the last night."""
    others = shared(nights).beside("0")
    step = look([float(one) / others[str(at)] for at, one in enumerate(nights[0])]).step
    return step is not None and slower_by_itself(nights[0].tolist(), step.nights)


def shared(nights: np.ndarray) -> Shared:
    times = nights / np.median(nights, axis=1, keepdims=True)
    return Shared(
        {str(at): {str(query): float(one) for query, one in enumerate(run)} for at, run in enumerate(times.T)}
    )


def arms(seed: list[int], world: World, count: int) -> list[np.ndarray]:
    """Of each arm a row a query: so many nights. A bad night is bad for the first query, on all arms."""
    shared, own, within, bad = world
    chance = np.random.default_rng(seed)
    rounds = min(max(ROUNDS, (within / PRECISE) ** 2), MOST_ROUNDS)
    alike = np.zeros(count)
    steps = chance.normal(0, shared * np.sqrt(1 - GOES_ON**2), count)
    for at in range(count):
        alike[at] = (GOES_ON * alike[at - 1] if at else 0) + steps[at]
    worse = np.where(chance.random(count) < bad, np.log(1.5), 0.0)
    found = []
    for _ in range(ARMS):
        logs = alike + chance.normal(0, np.hypot(own, within / np.sqrt(rounds)), (QUERIES, count))
        logs[0] += worse
        found.append(np.exp(logs))
    return found


if __name__ == "__main__":
    main()
