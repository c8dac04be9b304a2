"""Ctrl-C with a real SIGINT: one line, exit 130, no traceback."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
INTERRUPTED = 130
WAITING_IMPORT = """
import sys, time

module = sys.argv.pop(1)

class Wait:
    def find_spec(self, name, path, target=None):
        if name == module:
            print("waiting", file=sys.stderr, flush=True)
            while True:
                time.sleep(0.01)

sys.meta_path.insert(0, Wait())
from logops.cli import main
main()
"""
"""Runs logops, and waits when the module in the first argument is imported."""
WAIT = """
import sys, time
from logops.cli import main, logql

def wait(*_):
    print("waiting", file=sys.stderr, flush=True)
    while True:
        time.sleep(0.01)
"""
"""Start of a program that replaces a function of logops by one that waits."""


def interrupted(code: str, *arguments: str) -> tuple[int, str]:
    """Send SIGINT when the program says `waiting`. Programs then sleep in a loop: `pause` can miss a signal.

    Return its exit code and what it wrote to stderr after that.
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stderr is not None
        for line in iter(program.stderr.readline, ""):
            if line.endswith("waiting\n"):
                break
        program.send_signal(signal.SIGINT)
        _, stderr = program.communicate(timeout=30)
    return program.returncode, stderr


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("typer", ["--help"]),
        ("rich.console", ["plan", "local"]),
        ("logops.cli.commands.audit", ["audit", "retention", "local"]),
        ("logops.cli.audit", ["audit", "retention", "local"]),
        ("logops.audit.request", ["audit", "retention", "local"]),
        ("fsspec", ["audit", "usage", "local"]),
    ],
)
def test_ctrl_c_during_import_ends_with_one_line(module: str, arguments: list[str]) -> None:
    assert interrupted(WAITING_IMPORT, module, *arguments) == (INTERRUPTED, "Interrupted.\n")


def test_ctrl_c_during_command_ends_with_one_line() -> None:
    code = (
        WAIT
        + """
logql.read = wait
main()
"""
    )
    assert interrupted(code, "logql", "format", "-") == (INTERRUPTED, "Interrupted.\n")


def test_ctrl_c_that_a_destructor_swallows_still_ends_the_command() -> None:
    code = (
        WAIT
        + """
class Waits:
    def __del__(self):
        wait()

def read(text):
    waits = Waits()
    del waits
    while True:
        time.sleep(0.01)

logql.read = read
main()
"""
    )
    assert interrupted(code, "logql", "format", "-") == (INTERRUPTED, "Interrupted.\n")


def test_ctrl_c_at_a_question_ends_with_one_line() -> None:
    code = (
        WAIT
        + """
import typer
from typer._click import termui

def read(text):
    return str(typer.confirm("Sure?", err=True))

termui.visible_prompt_func = wait
logql.read = read
main()
"""
    )
    assert interrupted(code, "logql", "format", "-") == (INTERRUPTED, "Interrupted.\n")


def test_ctrl_c_while_threads_end_shows_no_traceback() -> None:
    code = """
import sys, threading, time
from logops.cli import main, logql

def slow():
    threading.main_thread().join()
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)  # Until the signal ends it.

def read(text):
    threading.Thread(target=slow).start()
    return text

logql.read = read
main()
"""
    code_of_process, stderr = interrupted(code, "logql", "format", '{a="b"}')
    assert (code_of_process, stderr) == (-signal.SIGINT, "")
