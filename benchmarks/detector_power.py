"""How often the detector of slower queries errs: false alarms a query and month of nights, and what it finds, and when.

    python benchmarks/detector_power.py [--months 2000]

Simulated: a night is the median of 20 rounds whose times are log-normal; between nights there is noise of its own. A
query is judged on two arms, warm and cold, and is alarmed where either is. 40 nights (or 12, when the detector begins)
without a step come first, then 30 more: unchanged for the false alarms; slower by 5, 10, 20 or 50 % for the power.

Where single nights are bad by half, two in a row look like a step to any detector that answers by the second night:
with 1 bad night of 50 that alone happens in 1.2 % of months.
"""

import argparse
import math
import statistics
from random import Random

from rich.console import Console
from rich.table import Table

from logops.benchmark.asked import ROUNDS
from logops.benchmark.change import look

CALM = (12, 40)
MONTH = 30
ARMS = 2
WORLDS = {
    "quiet: 2 %, 5 %": (0.02, 0.05, 0.0),
    "usual: 3 %, 8 %": (0.03, 0.08, 0.0),
    "noisy: 8 %, 20 %": (0.08, 0.20, 0.0),
    "usual, 1 night of 100 half slower": (0.03, 0.08, 0.01),
    "usual, 1 night of 50 half slower": (0.03, 0.08, 0.02),
}
SLOWER = (0.05, 0.10, 0.20, 0.50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--months", type=int, default=2000)
    months = parser.parse_args().months
    table = Table(box=None, header_style="bold")
    table.add_column("noise between nights, between rounds", no_wrap=True)
    for calm in CALM:
        table.add_column(f"after {calm}", justify="right", no_wrap=True)
    for slower in SLOWER:
        table.add_column(f"{slower:.0%} slower", justify="right", no_wrap=True)
    for name, world in WORLDS.items():
        row = [name]
        for calm in CALM:
            alarms = sum(alarmed(f"{name}:{calm}:{month}", world, calm) for month in range(months))
            row.append(f"{alarms / months:.2%}")
        for slower in SLOWER:
            found = [first_found(f"{name}:{slower}:{month}", world, slower) for month in range(months // 4)]
            row.append(" / ".join(f"{share(found, nights):.0%}" for nights in (2, 7, 14)))
        table.add_row(*row)
    console = Console(width=150)
    console.print(f"{months} months for the false alarms; {months // 4} steps each, found by night 2 / 7 / 14")
    console.print(table)


def share(found: list[int | None], nights: int) -> float:
    return sum(one is not None and one <= nights for one in found) / len(found)


def alarmed(seed: str, world: tuple[float, float, float], calm: int) -> bool:
    """Whether any night of a month without a step is alarmed, in any arm."""
    series = arms(seed, world, calm + MONTH)
    return any(look(one[:end]).step for one in series for end in range(calm + 1, calm + MONTH + 1))


def first_found(seed: str, world: tuple[float, float, float], slower: float) -> int | None:
    """Which night after the step, from 1, says so first, in any arm; None: none of the first 14."""
    calm, longest = CALM[-1], 14
    series = [
        [seconds * (1 + slower if at >= calm else 1) for at, seconds in enumerate(one)]
        for one in arms(seed, world, calm + longest)
    ]
    return next((at for at in range(1, longest + 1) if any(look(one[: calm + at]).step for one in series)), None)


def arms(seed: str, world: tuple[float, float, float], count: int) -> list[list[float]]:
    """So many nights of each arm. A bad night is bad for all."""
    between, within, bad = world
    chance = Random(seed)
    means = [math.log(1.5) if chance.random() < bad else 0.0 for _ in range(count)]
    return [[night(chance, mean + chance.gauss(0, between), within) for mean in means] for _ in range(ARMS)]


def night(chance: Random, mean: float, within: float) -> float:
    return statistics.median(math.exp(mean + chance.gauss(0, within)) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
