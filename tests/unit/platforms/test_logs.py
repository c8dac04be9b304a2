"""Read the last lines of a log file, and follow new lines."""

from pathlib import Path

import pytest

from logops.platforms.local.logs import Tail, last_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "main-ingester-0.log"


@pytest.mark.parametrize("count", [0, 1, 3, 5, 100])
def test_last_lines_returns_requested_number_of_lines(log: Path, count: int) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(5)))
    assert last_lines(log, count) == [f"line {number}" for number in range(5)][5 - min(count, 5) :]


def test_last_lines_longer_than_a_block_are_complete(log: Path) -> None:
    log.write_text("".join(f"{number}{'x' * 100_000}\n" for number in range(4)))
    assert [line[0] for line in last_lines(log, 2)] == ["2", "3"]
    assert {len(line) for line in last_lines(log, 2)} == {100_001}


def test_last_lines_of_missing_file_is_empty(log: Path) -> None:
    assert last_lines(log, 5) == []


def test_bytes_that_are_not_utf8_are_shown_with_replacement_characters(log: Path) -> None:
    log.write_bytes(b"\xff\xfe broken\n")
    assert last_lines(log, 1) == ["�� broken"]


def test_tail_returns_only_complete_new_lines(log: Path) -> None:
    log.write_text("old\n")
    tail = Tail(log)
    append(log, "new\nhal")
    assert tail.lines() == ["new"]
    append(log, "f\n")
    assert tail.lines() == ["half"]


def test_tail_follows_rotated_log_into_new_file(log: Path) -> None:
    log.write_text("old\n")
    tail = Tail(log)
    log.rename(log.with_suffix(".log.1"))
    log.write_text("first of the new file\n")
    assert tail.lines() == ["first of the new file"]


def test_tail_reads_log_that_is_created_later_from_its_start(log: Path) -> None:
    tail = Tail(log)
    assert tail.lines() == []
    log.write_text("first\n")
    assert tail.lines() == ["first"]


def append(log: Path, text: str) -> None:
    with log.open("a") as stream:
        stream.write(text)
