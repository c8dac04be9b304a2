"""How often comparing two runs errs: differences that are none, and what is found, and what is called alike.

    python -m benchmarks.comparison_power [--runs 300]

Simulated: the library as a run asks it, 22 queries in two modes, whose answers differ by 8, 20 or 40 %: 20 of them, and
100 where they differ by more than 8. On the other side four of the 44 are slower by 5, 10, 20 and 50 %; the 40 others
are the same. Measured in turns (`logops bench run A --beside B`) both sides meet the same machine. Two runs that are
compared afterwards (`logops bench compare`) met the machine of their nights, here 5 % apart: what differs by that is
not told from what the machine did.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.benchmark.asked import MOST_ROUNDS, ROUNDS
from logops.benchmark.compare import Word, compare
from logops.benchmark.measure import PRECISE
from logops.benchmark.sample import Ending, Sample

ARMS = 44
SLOWER = (0.05, 0.10, 0.20, 0.50)
ANSWERS = (0.08, 0.20, 0.40)
NIGHTS_APART = (0.0, 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=300)
    runs = parser.parse_args().runs
    table = Table(box=None, header_style="bold")
    for column in (
        "answers differ by; the nights by", "runs with a false difference", "of 100 alike: false", "alike", "unsure",
        *(f"{one:.0%} slower: found" for one in SLOWER),
    ):  # fmt: skip
        table.add_column(column, justify="right" if table.columns else "left")
    worlds = [(answers, nights) for nights in NIGHTS_APART for answers in ANSWERS]
    for number, (answers, nights) in enumerate(track(worlds, "worlds", console=Console(stderr=True))):
        table.add_row(f"{answers:.0%}; {nights:.0%}", *row(number, answers, nights, runs))
    console = Console(width=150)
    console.print(f"{runs} comparisons of {ARMS} each")
    console.print(table)


def row(number: int, answers: float, nights: float, runs: int) -> list[str]:
    wrong_runs = 0
    same: Counter[Word] = Counter()
    found: Counter[int] = Counter()
    for run in range(runs):
        chance = np.random.default_rng([number, run])
        machine = chance.lognormal(0, nights)
        words = {
            int(one.arm.query): one.word
            for one in compare(side(chance, answers, 1.0, ()), side(chance, answers, machine, SLOWER))
        }
        same.update(words[arm] for arm in range(len(SLOWER), ARMS))
        wrong_runs += any(words[arm] in (Word.SLOWER, Word.FASTER) for arm in range(len(SLOWER), ARMS))
        found.update(arm for arm in range(len(SLOWER)) if words[arm] is Word.SLOWER)
    every = same.total()
    return [
        f"{wrong_runs / runs:.1%}",
        f"{(same[Word.SLOWER] + same[Word.FASTER]) / every:.2%}",
        f"{same[Word.ALIKE] / every:.0%}",
        f"{same[Word.UNSURE] / every:.0%}",
        *(f"{found[arm] / runs:.0%}" for arm in range(len(SLOWER))),
    ]


def side(chance: np.random.Generator, answers: float, machine: float, slower: tuple[float, ...]) -> Iterator[Sample]:
    rounds = min(MOST_ROUNDS, max(ROUNDS, round((answers / PRECISE) ** 2)))
    for arm in range(ARMS):
        usual = machine * (1 + (slower[arm] if arm < len(slower) else 0.0))
        for at, seconds in enumerate(usual * chance.lognormal(0, answers, rounds)):
            yield Sample(
                "r", "local", "c", str(arm), "t", "main", "t", "cold", 3600, at + 1, 0, Ending.ANSWERED, float(seconds)
            )


if __name__ == "__main__":
    main()
