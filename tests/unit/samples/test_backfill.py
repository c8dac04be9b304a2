"""Push history once and in order, and resume an interrupted push."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from logops.samples import BackfillMismatchError, History, Kind, Line, backfill, generate

HOUR_NS = 3_600_000_000_000
START_NS = 496_000 * HOUR_NS + 123_456_789
RATE = 6.0


class Interrupted(Exception):
    pass


class FakeLoki:
    """A fake Loki that keeps pushed lines. It raises `Interrupted` after `pushes_left` pushes."""

    def __init__(self) -> None:
        self.pushes: list[tuple[str, list[Line]]] = []
        self.pushes_left = 10**9

    def push(self, tenant: str, lines: Sequence[Line]) -> int:
        if not self.pushes_left:
            raise Interrupted
        self.pushes_left -= 1
        self.pushes.append((tenant, list(lines)))
        return len(lines)

    def lines(self, tenant: str) -> list[Line]:
        return [line for pushed_to, lines in self.pushes if pushed_to == tenant for line in lines]


def history(hours: int = 5, seed: int = 1, start_ns: int = START_NS) -> History:
    tenants = {Kind.APPLICATION: "team-a", Kind.AUDIT: "security"}
    return History(seed, start_ns, START_NS + hours * HOUR_NS, RATE, tenants)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "backfill.json"


@pytest.fixture
def loki() -> FakeLoki:
    return FakeLoki()


def expected(kind: Kind, hours: int = 5) -> list[Line]:
    lines = generate(kind, 1, START_NS, START_NS + hours * HOUR_NS, RATE)
    return [line._replace(labels={**line.labels, "origin": "backfill"}) for line in lines]


def test_history_is_pushed_to_each_tenant_in_order(loki: FakeLoki, state: Path) -> None:
    pushed = backfill(loki, history(), state)

    assert loki.lines("team-a") == expected(Kind.APPLICATION)
    assert loki.lines("security") == expected(Kind.AUDIT)
    assert pushed == len(loki.lines("team-a")) + len(loki.lines("security"))


def test_push_spans_less_than_an_hour(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(), state)

    assert all(lines[-1].timestamp_ns - lines[0].timestamp_ns < HOUR_NS for _, lines in loki.pushes)


def test_push_is_smaller_than_a_megabyte(loki: FakeLoki, state: Path) -> None:
    busy = History(1, START_NS, START_NS + HOUR_NS // 4, 1000.0, {Kind.APPLICATION: "team-a"})

    backfill(loki, busy, state)

    sizes = [sum(len(line.text) for line in lines) for _, lines in loki.pushes]
    assert len(sizes) > 2
    assert max(sizes) < 1024 * 1024


def test_second_run_pushes_nothing(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(), state)
    pushes = len(loki.pushes)

    assert backfill(loki, history(), state) == 0
    assert len(loki.pushes) == pushes


@pytest.mark.parametrize("pushes", [1, 2, 5, 9])
def test_interrupted_run_resumes_without_gaps_or_duplicates(loki: FakeLoki, state: Path, pushes: int) -> None:
    loki.pushes_left = pushes
    with pytest.raises(Interrupted):
        backfill(loki, history(), state)
    loki.pushes_left = 10**9

    backfill(loki, history(), state)

    assert loki.lines("team-a") == expected(Kind.APPLICATION)
    assert loki.lines("security") == expected(Kind.AUDIT)


def test_later_end_adds_only_new_lines(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(hours=3), state)

    backfill(loki, history(hours=5), state)

    assert loki.lines("team-a") == expected(Kind.APPLICATION)


def test_later_start_is_accepted_and_pushes_nothing(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(), state)

    assert backfill(loki, history(start_ns=START_NS + HOUR_NS), state) == 0


def test_earlier_start_is_refused(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(), state)

    with pytest.raises(BackfillMismatchError, match="Loki takes no older lines"):
        backfill(loki, history(start_ns=START_NS - HOUR_NS), state)


def test_other_seed_is_refused(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(), state)

    with pytest.raises(BackfillMismatchError, match="'seed': 1"):
        backfill(loki, history(seed=2), state)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"history": {}, "start_ns": 1, "reached_ns": {"nonsense": 1}}'])
def test_invalid_state_file_is_refused(loki: FakeLoki, state: Path, content: str) -> None:
    state.write_text(content)

    with pytest.raises(BackfillMismatchError, match="is not the state of a backfill"):
        backfill(loki, history(), state)
    assert loki.pushes == []


def test_state_file_is_json_with_the_history(loki: FakeLoki, state: Path) -> None:
    backfill(loki, history(), state)

    assert json.loads(state.read_text())["history"] == {
        "seed": 1,
        "lines_per_minute": RATE,
        "tenants": {"application": "team-a", "audit": "security"},
    }
