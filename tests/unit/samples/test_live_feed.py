"""The live feed: files and syslog lines."""

import time
from pathlib import Path
from threading import Event, Thread

import pytest

from logops.errors import LogopsError
from logops.samples import FILE_NAMES, Kind
from logops.samples.live_feed import feed
from tests.support.environments import environment

# Fast enough that every kind has lines within a tenth of a second.
FAST = dict.fromkeys(Kind, 60_000.0)


def test_feed_sends_lines_of_the_syslog_source(tmp_path: Path) -> None:
    stop = Event()
    lines: list[tuple[str, str]] = []

    def write_line(source: str, text: str) -> None:
        lines.append((source, text))
        stop.set()

    feed(environment("local"), write_line, tmp_path, stop, lines_per_minute=FAST, every_s=0.01)
    source, text = lines[0]
    assert source == "syslog"
    assert text.startswith("<")


def test_feed_writes_files_only_for_kinds_with_a_source(tmp_path: Path) -> None:
    without = environment("local", ("sources.syslog", None), ("agents.promtail.sources", ["application"]))
    expected = {name for kind, name in FILE_NAMES.items() if kind is not Kind.SYSTEM}
    stop = Event()

    def stop_when_written() -> None:
        deadline = time.monotonic() + 20
        while not expected <= {file.name for file in tmp_path.iterdir()} and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.set()

    Thread(target=stop_when_written).start()
    feed(without, lambda *_: None, tmp_path, stop, lines_per_minute=FAST, every_s=0.05)
    assert {file.name for file in tmp_path.iterdir()} == expected


def test_syslog_outage_is_reported_once_with_number_of_lost_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = Event()
    attempts: list[str] = []

    def write_line(_source: str, text: str) -> None:
        attempts.append(text)
        if len(attempts) <= 2:
            raise LogopsError("sending a line to syslog port 5514: nothing listens")
        stop.set()

    feed(environment("local"), write_line, tmp_path, stop, lines_per_minute=FAST, every_s=0.01)
    assert capsys.readouterr().out.splitlines() == [
        "sending a line to syslog port 5514: nothing listens",
        "sending lines to syslog: accepted again; 2 lines were lost",
    ]
