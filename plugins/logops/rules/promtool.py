"""Run promtool, Prometheus' own tool, on files of rules and on their tests."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from logops.errors import LogopsError


class PromtoolError(LogopsError):
    """promtool did not end."""


def check_rules(program: Sequence[str], files: Sequence[Path], timeout_s: float = 60) -> str:
    """Return the complaints of `promtool check rules`; empty: there are none. Raises PromtoolError."""
    return _run([*program, "check", "rules", "--lint-fatal", *map(str, files)], timeout_s)


def run_tests(program: Sequence[str], files: Sequence[Path], timeout_s: float = 300) -> str:
    """Return the complaints of `promtool test rules`; empty: there are none. Raises PromtoolError."""
    return _run([*program, "test", "rules", *map(str, files)], timeout_s)


def _run(command: Sequence[str], timeout_s: float) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise PromtoolError(
            f"{' '.join(command[:3])}: it had not ended after {timeout_s:g} s, and was ended. "
            "Try again when the machine has less to do."
        ) from None
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}".strip()
