"""The live feed: files and syslog lines."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from logops.errors import LogopsError
from logops.samples import FILE_NAMES, Kind, Line, live_feed
from logops.samples.live_feed import feed
from tests.support.environments import environment

LINE = Line(0, {}, "a syslog line", {})


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send one syslog line every 10 ms."""

    def one_line(*_: object) -> Iterator[Line]:
        yield LINE

    monkeypatch.setattr(live_feed, "generate", one_line)
    monkeypatch.setattr(live_feed, "_EVERY_SECONDS", 0.01)


def test_feed_sends_lines_of_the_syslog_source(tmp_path: Path) -> None:
    stop = Event()
    lines: list[tuple[str, str]] = []

    def write_line(source: str, text: str) -> None:
        lines.append((source, text))
        stop.set()

    feed(environment("local"), write_line, tmp_path, stop)
    assert lines[0] == ("syslog", "a syslog line")


def test_feed_writes_files_only_for_kinds_with_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[set[Kind]] = []
    monkeypatch.setattr(live_feed, "follow", lambda folder, seed, rates, stop, every: kinds.append(set(rates)))
    without = environment("local", ("sources.syslog", None), ("agents.promtail.sources", ["application"]))

    feed(without, lambda *_: None, tmp_path, Event())
    assert kinds == [{kind for kind in FILE_NAMES if kind is not Kind.SYSTEM}]


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

    feed(environment("local"), write_line, tmp_path, stop)
    assert capsys.readouterr().out.splitlines() == [
        "sending a line to syslog port 5514: nothing listens",
        "sending lines to syslog: accepted again; 2 lines were lost",
    ]
