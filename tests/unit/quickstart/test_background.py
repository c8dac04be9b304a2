"""Start and stop programs in the background. The tests use real processes."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from logops.quickstart import background

# Starts a child in its own process group, as Airflow does for tasks, prints both pids and waits.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {child!r}], process_group=0)
print(os.getpid(), child.pid, flush=True)
time.sleep(60)  # Until it is stopped.
"""
PATIENT = "import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); " + PATIENT


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "program.json"
    yield file
    background.stop(file, 0.0)


def start(record: Path, program: str, port: int | None = None) -> background.Record:
    log = record.with_suffix(".log")
    argv = [sys.executable, "-c", program]
    return background.start(argv, env=os.environ, cwd=record.parent, log=log, record=record, port=port)


def family(record: Path, child: str = PATIENT, words: int = 2) -> list[psutil.Process]:
    """Start a parent and its child. Return both when their log has `words` words."""
    started = start(record, FAMILY.format(child=child))
    log = record.with_suffix(".log")
    while len(log.read_text().split()) < words:
        assert psutil.pid_exists(started.pid), log.read_text()
    return background.members(started)


def lives(process: psutil.Process) -> bool:
    """Whether the process is running. A zombie has ended: only its parent has not read its exit code yet."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_program_runs_in_its_own_session(record: Path) -> None:
    started = start(record, PATIENT)

    assert os.getsid(started.pid) == started.pid != os.getsid(0)


def test_running_program_is_found_by_its_record(record: Path) -> None:
    started = start(record, PATIENT, port=8080)

    assert background.running(record) == started
    assert started.port == 8080


def test_ended_program_is_not_running(record: Path) -> None:
    started = start(record, "pass")
    # If the program ended before `start` returned, Python has collected it: there is nothing to wait for.
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(started.pid).wait()

    assert background.running(record) is None


def test_other_process_with_recorded_pid_is_not_the_running_program(record: Path) -> None:
    record.write_text(json.dumps({"pid": os.getpid(), "created": 1.0, "port": None}))

    assert background.running(record) is None


def test_other_process_with_recorded_pid_is_not_stopped(record: Path) -> None:
    stranger = start(record.with_name("stranger.json"), PATIENT)
    record.write_text(json.dumps({"pid": stranger.pid, "created": stranger.created - 1000.0, "port": None}))

    assert background.stop(record, 1.0) == 0
    assert background.stop(record.with_name("stranger.json"), 1.0) == 1


def test_invalid_record_means_no_running_program(record: Path) -> None:
    record.write_text("{")

    assert background.running(record) is None


def test_stop_ends_children_in_other_process_groups(record: Path) -> None:
    processes = family(record)

    assert background.stop(record, 5.0) == len(processes) == 2
    assert not any(map(lives, processes))


def test_stop_ends_processes_that_ignore_sigterm(record: Path) -> None:
    processes = family(record, STUBBORN, words=3)

    assert background.stop(record, 0.5) == 2
    assert not any(map(lives, processes))


def test_stop_ends_children_of_a_killed_program(record: Path) -> None:
    leader, child = sorted(family(record), key=lambda process: process.create_time())
    leader.send_signal(signal.SIGKILL)
    leader.wait()

    assert background.running(record) is None
    assert background.stop(record, 5.0) == 1
    assert not lives(child)


def test_stop_without_a_record_ends_no_process(record: Path) -> None:
    assert background.stop(record, 1.0) == 0
