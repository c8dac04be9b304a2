"""In which order a benchmark asks."""

from collections import Counter

from logops.benchmark.shots import Arm, Mode, shots

ARMS = [Arm(name, 3600, mode) for name in ("a", "b") for mode in Mode]


def test_every_arm_is_asked_once_a_round_and_once_before() -> None:
    asked = Counter(shot.arm for shot in shots(ARMS, 5))

    assert asked == dict.fromkeys(ARMS, 6)


def test_every_other_round_goes_backwards() -> None:
    rounds = {at: [shot.arm for shot in shots(ARMS, 3) if shot.round == at] for at in range(4)}

    assert rounds[0] == rounds[2] == ARMS
    assert rounds[1] == rounds[3] == ARMS[::-1]
