"""Log files that grow with the clock."""

from pathlib import Path
from threading import Event

from logops.samples import FILE_NAMES, Kind, follow, generate, write_past

SECOND_NS = 1_000_000_000
NOW_NS = 1_787_400_000 * SECOND_NS
RATES = {Kind.APPLICATION: 120.0, Kind.SYSTEM: 60.0}


def texts(kind: Kind, start_ns: int, end_ns: int) -> list[str]:
    return [line.text for line in generate(kind, 1, start_ns, end_ns, RATES[kind])]


class Ticks:
    """A clock with given times, and a stop event that is set at the last time."""

    def __init__(self, *seconds: float) -> None:
        self._times = [NOW_NS + int(second * 1e9) for second in seconds]
        self._at = 0

    def now_ns(self) -> int:
        return self._times[self._at]

    def event(self) -> Event:
        ticks = self

        class Stop(Event):
            def wait(self, timeout: float | None = None) -> bool:
                ticks._at += 1
                return ticks._at == len(ticks._times) - 1

        return Stop()


def test_past_lines_are_written_to_one_file_per_kind(tmp_path: Path) -> None:
    written = write_past(tmp_path / "logs", 1, NOW_NS, 300, RATES)

    for kind in RATES:
        lines = (tmp_path / "logs" / FILE_NAMES[kind]).read_text().splitlines()
        assert lines == texts(kind, NOW_NS - 300 * SECOND_NS, NOW_NS)
        assert written[kind] == len(lines) > 0
    assert sorted(file.name for file in (tmp_path / "logs").iterdir()) == ["application.log", "system.log"]


def test_new_lines_are_written_once(tmp_path: Path) -> None:
    ticks = Ticks(0, 10, 20, 70, 90)

    written = follow(tmp_path, 1, RATES, ticks.event(), now_ns=ticks.now_ns)

    for kind in RATES:
        lines = (tmp_path / FILE_NAMES[kind]).read_text().splitlines()
        assert lines == texts(kind, NOW_NS, NOW_NS + 90 * SECOND_NS)
        assert written[kind] == len(lines)


def test_clock_that_is_set_back_causes_no_duplicate_lines(tmp_path: Path) -> None:
    ticks = Ticks(0, 60, 30, 40, 90)

    follow(tmp_path, 1, RATES, ticks.event(), now_ns=ticks.now_ns)

    lines = (tmp_path / FILE_NAMES[Kind.APPLICATION]).read_text().splitlines()
    assert lines == texts(Kind.APPLICATION, NOW_NS, NOW_NS + 90 * SECOND_NS)


def test_large_file_is_rotated_into_one_old_file(tmp_path: Path) -> None:
    rates = {Kind.SYSTEM: 60.0}

    for minute in range(4):
        write_past(tmp_path, 1, NOW_NS + minute * 60 * SECOND_NS, 60, rates, rotate_at_bytes=1000)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["system.log", "system.log.1"]
    assert (tmp_path / "system.log").read_text().splitlines() == texts(
        Kind.SYSTEM, NOW_NS + 120 * SECOND_NS, NOW_NS + 180 * SECOND_NS
    )


def test_every_kind_has_its_own_file_name() -> None:
    assert len(set(FILE_NAMES.values())) == len(Kind)
