"""The lease of a rollout whose process was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logops.platforms.local.lease import LeaseFile
from logops.platforms.platform import LeaseHeldError

ACQUIRE_AND_WAIT = """
import sys, time
from pathlib import Path
from logops.platforms.local.lease import LeaseFile
LeaseFile(Path(sys.argv[1]), "local").acquire("killed", one_process=sys.argv[2] == "terminal")
print("acquired", flush=True)
time.sleep(600)  # Until it is killed.
"""


def killed(lease: Path, kind: str, *, reaped: bool = True) -> "subprocess.Popen[str]":
    """Start a process that acquires the lease, and kill it. Not reaped: its parent has not read its exit status."""
    process = subprocess.Popen(
        [sys.executable, "-c", ACQUIRE_AND_WAIT, str(lease), kind], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "acquired\n"
    process.send_signal(signal.SIGKILL)
    # Wait for its end, and leave its exit status unread.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if reaped:
        process.wait()
    return process


@pytest.mark.parametrize("reaped", [True, False])
def test_lease_of_killed_terminal_rollout_is_taken_over_with_a_line_that_names_it(tmp_path: Path, reaped: bool) -> None:
    lease = tmp_path / "lease.json"
    process = killed(lease, "terminal", reaped=reaped)
    line = LeaseFile(lease, "local").acquire("second")
    process.wait()

    assert line == f"Taking the lease over from killed: its process {process.pid} has ended."


def test_lease_of_killed_airflow_task_is_kept_because_its_run_may_continue(tmp_path: Path) -> None:
    lease = tmp_path / "lease.json"
    killed(lease, "airflow")
    with pytest.raises(LeaseHeldError, match="is being changed by killed, since"):
        LeaseFile(lease, "local").acquire("second")
