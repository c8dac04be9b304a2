"""Measure by simulation how often the comparison of two runs is wrong: false differences, missed differences.

    python -m benchmarks.comparison_power [--runs 300]

Simulated: 22 queries in two modes, as a run of the library measures them. The answers of a query vary by 8, 20 or 40 %.
There are 20 answers, and 100 if they vary by more than 8 %. On the second side, four of the 44 cases are slower: by 5,
10, 20 and 50 %. The other 40 are the same.

Two sides that are measured in turns (`logops bench run A --beside B`) meet the same machine. Two runs that are compared
later (`logops bench compare`) met the machine of two nights, here 5 % apart. The comparison cannot tell such a
difference from one of the queries.
"""

import argparse
from collections import Counter
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from logops.benchmark.compare import ComparisonVerdict, compare
from logops.benchmark.measure.in_turns import PRECISE
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.request import MOST_ROUNDS, ROUNDS

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
    same: Counter[ComparisonVerdict] = Counter()
    detected: Counter[int] = Counter()
    for run in range(runs):
        chance = np.random.default_rng([number, run])
        machine = chance.lognormal(0, nights)
        words = {
            int(one.case.query): one.verdict
            for one in compare(side(chance, answers, 1.0, ()), side(chance, answers, machine, SLOWER))
        }
        same.update(words[case] for case in range(len(SLOWER), ARMS))
        wrong_runs += any(
            words[case] in (ComparisonVerdict.SLOWER, ComparisonVerdict.FASTER) for case in range(len(SLOWER), ARMS)
        )
        detected.update(case for case in range(len(SLOWER)) if words[case] is ComparisonVerdict.SLOWER)
    every = same.total()
    return [
        f"{wrong_runs / runs:.1%}",
        f"{(same[ComparisonVerdict.SLOWER] + same[ComparisonVerdict.FASTER]) / every:.2%}",
        f"{same[ComparisonVerdict.ALIKE] / every:.0%}",
        f"{same[ComparisonVerdict.UNSURE] / every:.0%}",
        *(f"{detected[case] / runs:.0%}" for case in range(len(SLOWER))),
    ]


def side(chance: np.random.Generator, answers: float, machine: float, slower: tuple[float, ...]) -> Iterator[Sample]:
    rounds = min(MOST_ROUNDS, max(ROUNDS, round((answers / PRECISE) ** 2)))
    for case in range(ARMS):
        usual = machine * (1 + (slower[case] if case < len(slower) else 0.0))
        for at, seconds in enumerate(usual * chance.lognormal(0, answers, rounds)):
            yield Sample(
                "r", "local", "c", str(case), "t", "main", "t", "cold", 3600, at + 1, 0, Ending.ANSWERED, float(seconds)
            )


if __name__ == "__main__":
    main()
