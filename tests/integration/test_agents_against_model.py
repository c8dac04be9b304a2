"""Real agents send what the model of the pipeline says.

Promtail is built by the project. Alloy and Fluent Bit are used if they are found (see `agent_program`).
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logops.environment import Environment
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.alloy import alloy_config
from logops.render.agents.fluent_bit import fluent_bit_config
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.toolchain import command
from tests.support.agent_corpus import CASES, OTHER_TIMESTAMPS, UNAVOIDABLE, corpus, differences, expected, sent, write
from tests.support.agent_programs import agent_program
from tests.support.azurites import free_port
from tests.support.log_receiver import LogReceiver

AGENTS = ("promtail", "alloy", "fluent-bit")
WAIT_S = 60


@contextmanager
def running(declared: Environment, folder: Path, receiver: LogReceiver) -> Iterator[None]:
    """Run the agent `corpus`, and stop it at the end, so that it sends what it holds."""
    process = subprocess.Popen(
        _command(declared, folder, receiver), stdout=(folder / "agent.out").open("ab"), stderr=subprocess.STDOUT
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(WAIT_S)


def _command(declared: Environment, folder: Path, receiver: LogReceiver) -> list[str]:
    kind = declared.agents["corpus"].kind
    addresses = AgentAddresses("127.0.0.1", {"main": receiver.url}, {}, folder, folder / "rules.toml")
    state = folder / "state"
    state.mkdir(exist_ok=True)
    path = folder / f"agent.{'alloy' if kind == 'alloy' else 'yaml'}"
    port = free_port()
    if kind == "alloy":
        program = agent_program("alloy")
        path.write_text(alloy_config(declared, "corpus", addresses))
        address = f"--server.http.listen-addr=127.0.0.1:{port}"
        return [program, "run", f"--storage.path={state}", address, "--disable-reporting", str(path)]
    if kind == "fluent-bit":
        program = agent_program("fluent-bit")
        path.write_text(fluent_bit_config(declared, "corpus", addresses, state, port))
        return [program, "--config", str(path)]
    process = PromtailProcess("corpus", "main", declared.agents["corpus"].sources, port, state / "positions.yaml")
    path.write_text(promtail_config(declared, process, addresses))
    return [*command("promtail"), f"-config.file={path}"]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true. The test that follows says what is missing, so a timeout is no error here."""
    end = time.monotonic() + WAIT_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)


@pytest.fixture(params=AGENTS)
def kind(request: pytest.FixtureRequest) -> str:
    if request.param != "promtail":
        agent_program(request.param)
    return str(request.param)


def test_agent_sends_the_entries_of_the_model(kind: str, tmp_path: Path) -> None:
    cases = {name: case for name, case in CASES.items() if name not in UNAVOIDABLE.get(kind, ())}
    declared = corpus(kind, tmp_path, *cases, max_line_size="16KiB")
    entries = [entry for name, case in cases.items() for entry in expected(declared, name, case.lines)]
    for name, case in cases.items():
        write(tmp_path, name, case.lines)

    with LogReceiver() as receiver, running(declared, tmp_path, receiver):
        wait_until(lambda: len(sent(receiver)) >= len(entries))
    found = differences(entries, sent(receiver), OTHER_TIMESTAMPS.get(kind, ()))

    assert {key: dict(counter) for key, counter in found.items() if counter} == {}


LINES = tuple(f"line {number}" for number in range(40))


def test_lines_written_during_a_restart_are_sent_once(kind: str, tmp_path: Path) -> None:
    declared = corpus(kind, tmp_path, "plain")
    write(tmp_path, "plain", LINES[:20])
    with LogReceiver() as receiver:
        with running(declared, tmp_path, receiver):
            wait_until(lambda: len(receiver.lines) >= 20)
        write(tmp_path, "plain", LINES[20:])
        with running(declared, tmp_path, receiver):
            wait_until(lambda: len(receiver.lines) >= 40)

    assert sorted(receiver.lines) == sorted(LINES)


def test_lines_around_a_rotation_are_sent_once(kind: str, tmp_path: Path) -> None:
    declared = corpus(kind, tmp_path, "plain")
    write(tmp_path, "plain", LINES[:10])
    with LogReceiver() as receiver, running(declared, tmp_path, receiver):
        wait_until(lambda: len(receiver.lines) >= 10)
        write(tmp_path, "plain", LINES[10:20])
        (tmp_path / "plain.log").rename(tmp_path / "plain.log.1")
        write(tmp_path, "plain", LINES[20:])
        wait_until(lambda: len(receiver.lines) >= 40)

    assert sorted(receiver.lines) == sorted(LINES)


def test_lines_after_a_truncation_are_sent(kind: str, tmp_path: Path) -> None:
    declared = corpus(kind, tmp_path, "plain")
    write(tmp_path, "plain", LINES[:30])
    with LogReceiver() as receiver, running(declared, tmp_path, receiver):
        wait_until(lambda: len(receiver.lines) >= 30)
        (tmp_path / "plain.log").write_text("")
        time.sleep(3)  # Promtail looks at the size of a file every second.
        write(tmp_path, "plain", LINES[30:])
        wait_until(lambda: len(receiver.lines) >= 40)

    assert sorted(receiver.lines) == sorted(LINES)


def test_lines_written_while_loki_cannot_be_reached_are_sent_once(kind: str, tmp_path: Path) -> None:
    declared = corpus(kind, tmp_path, "plain", backoff_max="1s")
    write(tmp_path, "plain", LINES[:10])
    with LogReceiver() as receiver, running(declared, tmp_path, receiver):
        wait_until(lambda: len(receiver.lines) >= 10)
        receiver.stop()
        write(tmp_path, "plain", LINES[10:])
        time.sleep(3)
        receiver.start_again()
        wait_until(lambda: len(receiver.lines) >= 40)

    assert sorted(receiver.lines) == sorted(LINES)
