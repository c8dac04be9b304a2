"""Real agents send what the model of the pipeline says, also if something goes wrong on the way.

Promtail is built by the project. Alloy and Fluent Bit are used if they are found (see `agent_program`).
"""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from logops.environment import Environment
from tests.support.agent_corpus import (
    CASES,
    MAX_LINE_SIZE,
    MISSING,
    Arrived,
    cases_for,
    corpus,
    differences,
    expected,
    received,
    write,
)
from tests.support.agent_processes import AGENTS, running
from tests.support.agent_programs import agent_program
from tests.support.log_receiver import LogReceiver
from tests.support.waiting import becomes_true


class Corpus:
    """The corpus of an agent: its first lines, and the lines that are written after something has gone wrong."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.started_ns = time.time_ns()
        self.receiver = LogReceiver()
        self.names = cases_for(kind, folder)
        self.declared: Environment = corpus(
            kind,
            folder,
            *self.names,
            max_line_size=f"{MAX_LINE_SIZE}B",
            labels={"region": "test"},
            backoff_max="1s",
        )

    def write(self, part: int) -> None:
        for name in self.names:
            write(self.folder, name, CASES[name].parts(self.kind)[part])

    def expected(self, *parts: int) -> Counter[Arrived]:
        """Return what arrives if one agent reads the lines of some parts, and then stops."""
        return sum(
            (
                expected(
                    self.declared,
                    self.folder,
                    name,
                    [line for part in parts for line in CASES[name].parts(self.kind)[part]],
                )
                for name in self.names
            ),
            Counter(),
        )

    def wait_for(self, entries: Counter[Arrived]) -> None:
        becomes_true(lambda: not any(text.startswith(MISSING) for text in self.differences(entries)))

    def differences(self, wanted: Counter[Arrived]) -> list[str]:
        return differences(wanted, received(self.receiver.pushes, self.started_ns), self.kind)

    def assert_arrived(self, wanted: Counter[Arrived]) -> None:
        found = self.differences(wanted)
        assert found == [], "\n".join(found)


@pytest.fixture(params=AGENTS)
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Corpus]:
    if request.param != "promtail":
        agent_program(request.param)
    corpus = Corpus(request.param, tmp_path)
    with corpus.receiver:
        yield corpus


def test_agent_sends_the_entries_of_the_model(lines: Corpus) -> None:
    wanted = lines.expected(0, 1)
    lines.write(0)
    lines.write(1)
    with running(lines.declared, lines.folder, lines.receiver.url):
        lines.wait_for(wanted)

    lines.assert_arrived(wanted)


def test_lines_written_during_a_restart_are_sent_once(lines: Corpus) -> None:
    # A restarted agent does not know the lines of before: the model runs twice as well.
    before, after = lines.expected(0), lines.expected(1)
    lines.write(0)
    with running(lines.declared, lines.folder, lines.receiver.url):
        lines.wait_for(before)
    lines.write(1)
    with running(lines.declared, lines.folder, lines.receiver.url):
        lines.wait_for(before + after)

    lines.assert_arrived(before + after)


def test_lines_around_a_rotation_are_sent_once(lines: Corpus) -> None:
    wanted = lines.expected(0, 1)
    lines.write(0)
    with running(lines.declared, lines.folder, lines.receiver.url):
        lines.wait_for(lines.expected(0))
        for name in lines.names:
            (lines.folder / f"{name}.log").rename(lines.folder / f"{name}.log.1")
        lines.write(1)
        lines.wait_for(wanted)

    lines.assert_arrived(wanted)


def test_lines_after_a_truncation_are_sent_once(lines: Corpus) -> None:
    # The file is shorter than before, whenever the agent looks. Otherwise it would continue in the middle of a line.
    before, after = [b"line %d" % number for number in range(30)], [b"new %d" % number for number in range(10)]
    declared = corpus(lines.kind, lines.folder, "plain")
    write(lines.folder, "plain", before)
    with running(declared, lines.folder, lines.receiver.url):
        becomes_true(lambda: len(lines.receiver.lines) >= len(before))
        (lines.folder / "plain.log").write_bytes(b"".join(line + b"\n" for line in after))
        becomes_true(lambda: len(lines.receiver.lines) >= len(before) + len(after))

    assert sorted(lines.receiver.lines) == sorted(line.decode() for line in (*before, *after))


def test_lines_written_while_loki_cannot_be_reached_are_sent_once(lines: Corpus) -> None:
    wanted = lines.expected(0, 1)
    lines.write(0)
    with running(lines.declared, lines.folder, lines.receiver.url):
        lines.wait_for(lines.expected(0))
        lines.receiver.cut_off()
        lines.write(1)
        becomes_true(lambda: bool(lines.receiver.cut_connections))
        attempts = lines.receiver.cut_connections
        lines.receiver.reconnect()
        lines.wait_for(wanted)

    assert attempts, "the agent did not try to send during the outage"
    lines.assert_arrived(wanted)
