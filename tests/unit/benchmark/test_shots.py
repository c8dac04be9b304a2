"""The order in which a benchmark runs its queries."""

from logops.benchmark.shots import Arm, Mode, one_round

ARMS = [Arm(name, 3600, mode) for name in ("a", "b") for mode in Mode]


def test_every_second_round_runs_in_reverse_order() -> None:
    rounds = {at: [shot.arm for shot in one_round(ARMS, at)] for at in range(4)}

    assert rounds[0] == rounds[2] == ARMS
    assert rounds[1] == rounds[3] == ARMS[::-1]
