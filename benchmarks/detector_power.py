"""How often the detector of slower queries errs: false alarms a query and month, and what it finds, and when.

    python benchmarks/detector_power.py [--months 2000]

Simulated: each night is the median of 10 rounds whose times are log-normal, between nights there is noise of its own.
After 40 nights without a step come 30 more: unchanged for the false alarms, slower by 5, 10, 20 or 50 % for the power.
"""

import argparse
import math
import statistics
from random import Random

from rich.console import Console
from rich.table import Table

from logops.benchmark.change import look

ROUNDS = 10
CALM = 40
MONTH = 30
WORLDS = {
    "quiet: 2 %, 5 %": (0.02, 0.05, 0.0),
    "usual: 3 %, 8 %": (0.03, 0.08, 0.0),
    "noisy: 8 %, 20 %": (0.08, 0.20, 0.0),
    "usual, 1 of 50 half slower": (0.03, 0.08, 0.02),
}
SLOWER = (0.05, 0.10, 0.20, 0.50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--months", type=int, default=2000)
    months = parser.parse_args().months
    table = Table(box=None, header_style="bold")
    table.add_column("nights", no_wrap=True)
    table.add_column("false alarms", justify="right")
    for slower in SLOWER:
        table.add_column(f"{slower:.0%} slower", justify="right")
    for number, (name, world) in enumerate(WORLDS.items()):
        alarms = sum(first_alarm(Random(f"{number}:{month}"), world, 0.0) is not None for month in range(months))
        row = [name, f"{alarms / months:.2%}"]
        for slower in SLOWER:
            found = [first_alarm(Random(f"{number}:{slower}:{month}"), world, slower) for month in range(months // 4)]
            row.append(" / ".join(f"{share(found, night):.0%}" for night in (2, 5, 14)))
        table.add_row(*row)
    console = Console(soft_wrap=True)
    console.print("nights: noise between nights, noise between the rounds of one; found by night 2 / 5 / 14")
    console.print(f"{months} months without a step, {months // 4} with each")
    console.print(table)


def share(found: list[int | None], night: int) -> float:
    return sum(one is not None and one <= night for one in found) / len(found)


def first_alarm(chance: Random, world: tuple[float, float, float], slower: float) -> int | None:
    """Which night after the step, from 1, says so first; None: none of the month's."""
    between, within, outliers = world
    nights = [night(chance, between, within, outliers, 0.0) for _ in range(CALM)]
    for at in range(1, MONTH + 1):
        nights.append(night(chance, between, within, outliers, slower))
        if look(nights).step is not None:
            return at
    return None


def night(chance: Random, between: float, within: float, outliers: float, slower: float) -> float:
    mean = math.log(1 + slower) + chance.gauss(0, between)
    if chance.random() < outliers:
        mean += math.log(1.5)
    return statistics.median(math.exp(mean + chance.gauss(0, within)) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
