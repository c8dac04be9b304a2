"""The order in which a benchmark runs its queries."""

from logops.benchmark.measure.cases import Case, Mode, one_round

ARMS = [Case(name, 3600, mode) for name in ("a", "b") for mode in Mode]


def test_every_second_round_runs_in_reverse_order() -> None:
    rounds = {at: [attempt.case for attempt in one_round(ARMS, at)] for at in range(4)}

    assert rounds[0] == rounds[2] == ARMS
    assert rounds[1] == rounds[3] == ARMS[::-1]
