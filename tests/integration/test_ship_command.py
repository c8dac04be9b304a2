"""`logops ship` with a server that receives: what arrives, what is said, the exit status."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.log_receiver import LogReceiver, ReceivedRecord
from tests.support.waiting import wait_for

TIMEOUT_S = 60
SHIP = [sys.executable, "-c", "from logops.cli import main; main()", "ship"]


@pytest.fixture
def receiver() -> Iterator[LogReceiver]:
    with LogReceiver() as receiver:
        yield receiver


def ship(*arguments: str, stdin: bytes = b"", **variables: str) -> "subprocess.CompletedProcess[str]":
    ended = subprocess.run(
        [*SHIP, *arguments], input=stdin, env={**os.environ, **variables}, capture_output=True, timeout=TIMEOUT_S
    )
    return subprocess.CompletedProcess(ended.args, ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def test_file_is_shipped_in_order_and_counted(receiver: LogReceiver, tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text("".join(f"line {number}\n" for number in range(5000)))
    ended = ship("--url", receiver.url, str(file), "--label", "service=shop", "--tenant", "application")
    assert ended.returncode == 0, ended.stderr
    assert receiver.lines == [f"line {number}" for number in range(5000)]
    assert {record.labels for record in receiver.records} == {'{service="shop"}'}
    assert receiver.pushes[0].headers["x-scope-orgid"] == "application"
    assert ended.stderr.startswith(f"{file}: 5,000 lines read, 5,000 acknowledged in ")


def test_lines_of_one_read_have_increasing_times(receiver: LogReceiver) -> None:
    ship("--url", receiver.url, "-", stdin=b"a\nb\nc\n")
    times = [record.time_ns for record in receiver.records]
    assert times == sorted(set(times))


def test_line_of_a_pipe_arrives_while_the_pipe_is_open(receiver: LogReceiver) -> None:
    process = subprocess.Popen([*SHIP, "--url", receiver.url, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(b"first\n")
    process.stdin.flush()
    wait_for(lambda: receiver.lines == ["first"])
    process.communicate(b"second\n", timeout=TIMEOUT_S)
    assert receiver.lines == ["first", "second"]


def test_refused_lines_are_counted_and_fail_the_command(receiver: LogReceiver) -> None:
    receiver.answer = lambda records: (400, "entry too far behind") if "bad" in str(records) else (204, "")
    ended = ship("--url", receiver.url, "-", stdin=b"a\nbad\nb\n")
    assert ended.returncode == 1
    assert receiver.lines == ["a", "b"]
    assert "1 record refused by the target. First reason of the target: entry too far behind." in ended.stderr
    assert "standard input: 3 lines read, 2 acknowledged, 1 refused in " in ended.stderr


def test_wrong_password_ends_the_command_at_once_without_showing_it(receiver: LogReceiver) -> None:
    receiver.answer = lambda records: (401, "unknown user")
    ended = ship("--url", receiver.url, "-", "--username", "shop", stdin=b"a\n", LOGOPS_SHIP_PASSWORD="s3cret")
    assert ended.returncode == 1
    assert "the target refuses this sender: 401 unknown user. Check password or token, tenant and" in ended.stderr
    assert "s3cret" not in ended.stderr
    # Said once. The command does not wait, so nothing says that the lines wait.
    assert ended.stderr.count("unknown user") == 1
    assert "wait" not in ended.stderr


def test_target_that_does_not_answer_ends_the_command_after_the_given_time(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    file.write_text("a\nb\n")
    receiver = LogReceiver()
    receiver.stop()
    ended = ship("--url", receiver.url, str(file), "--retry-for", "100ms")
    assert ended.returncode == 1
    assert "no line was acknowledged for 100 ms. Check the target, or give a longer --retry-for." in ended.stderr
    assert f"The other lines were not sent: `tail -n +1 {file}` prints them." in ended.stderr


def test_interrupt_is_one_line_and_says_where_the_other_lines_are(receiver: LogReceiver, tmp_path: Path) -> None:
    """One batch is acknowledged. Then the server stays busy until the interrupt."""
    receiver.answer = lambda records: (503, "busy") if receiver.records else (204, "")
    file = tmp_path / "app.log"
    file.write_text("".join(f"{number} {'.' * 200}\n" for number in range(20_000)))
    process = subprocess.Popen([*SHIP, "--url", receiver.url, str(file)], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: bool(receiver.pushes) and receiver.pushes[-1].status == 503)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    # The message about the busy server comes before, if there was time for it.
    interrupted = [line for line in stderr.splitlines() if "status 503: busy" not in line]
    sent = len(receiver.records)
    assert process.returncode == 130
    assert len(interrupted) == 1
    assert re.match(rf"Interrupted\. {file}: [0-9,]+ lines read, {sent:,} acknowledged in ", interrupted[0])
    assert interrupted[0].endswith(f" The other lines were not sent: `tail -n +{sent + 1} {file}` prints them.")


def test_interrupted_run_with_a_buffer_directory_is_finished_by_the_next(receiver: LogReceiver, tmp_path: Path) -> None:
    wal = str(tmp_path / "wal")
    receiver.answer = lambda records: (503, "busy")
    process = subprocess.Popen(
        [*SHIP, "--url", receiver.url, "-", "--buffer-dir", wal],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    process.stdin.write("a\nb\n")
    process.stdin.flush()
    wait_for(lambda: bool(receiver.pushes))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert f"2 wait in {wal}. The next run with this --buffer-dir sends them." in stderr
    receiver.answer = lambda records: (204, "")
    ended = ship("--url", receiver.url, "-", "--buffer-dir", wal, stdin=b"c\n")
    assert (ended.returncode, receiver.lines) == (0, ["a", "b", "c"])
    assert "1 line read, 3 acknowledged, 2 of them from an earlier run in " in ended.stderr


def test_json_has_the_counters(receiver: LogReceiver) -> None:
    counters = json.loads(ship("--url", receiver.url, "-", "--json", stdin=b"a\nb\n").stdout)
    assert (counters["lines"], counters["sent"], counters["refused"]) == (2, 2, 0)


def test_otlp_ships_the_same_lines(receiver: LogReceiver) -> None:
    ship("--url", f"{receiver.url}/v1/logs", "--wire", "otlp", "-", stdin=b"a\nb\n")
    assert receiver.lines == ["a", "b"]


def test_received_record_of_a_file_has_no_other_fields(receiver: LogReceiver) -> None:
    ship("--url", receiver.url, "-", stdin=b"a\n")
    (record,) = receiver.records
    assert record == ReceivedRecord(record.time_ns, "a", '{job="logops-ship"}', {})
