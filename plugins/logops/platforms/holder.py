"""The process that holds a lease, and whether it is known to be dead. Processes are known on Linux only."""

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

_MACHINE_ID = Path("/etc/machine-id")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STATE, _START = 0, 19
"""Positions behind the name in /proc/PID/stat (proc_pid_stat(5)): the state, and the start in ticks since the boot."""


@dataclass(frozen=True)
class Machine:
    """One boot of one machine, and one namespace of process ids (a container). A process id is valid in it only."""

    id: str
    """Id and name of the machine; empty if it has no id, as many containers."""
    boot: str
    namespace: str


@dataclass(frozen=True)
class Holder:
    """A process, told apart from a later one with the same id."""

    machine: Machine
    pid: int
    start: int
    """Ticks from the boot to the start of the process."""


def is_known_dead(holder: Holder | None, here: Machine | None, *, running: bool) -> bool:
    """Return whether a process has certainly ended. False if it may run on another machine or in another container.

    here      None: this machine is not known
    running   whether this process, or one that cannot be told from it, runs here
    """
    if holder is None or here is None:
        return False
    there = holder.machine
    if there.boot == here.boot:
        return there.namespace == here.namespace and not running
    # The same machine was restarted, so all its earlier processes have ended.
    return bool(there.id) and there.id == here.id


def this_machine() -> Machine | None:
    """Return this machine; None if the system does not tell."""
    try:
        boot = _BOOT_ID.read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        return None
    machine_id = ""
    with contextlib.suppress(OSError):
        machine_id = _MACHINE_ID.read_text().strip()
    return Machine(f"{machine_id} {socket.gethostname()}" if machine_id else "", boot, namespace)


def this_process() -> Holder | None:
    """Return this process; None if the system does not tell."""
    machine = this_machine()
    start = _start(os.getpid()) if machine else None
    return None if machine is None or start is None else Holder(machine, os.getpid(), start)


def is_running(holder: Holder) -> bool:
    """Return whether a process runs here. True if that cannot be known."""
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It runs as another user, and the system may hide its start.
        return True
    try:
        return _start(holder.pid) == holder.start
    except OSError:
        return True


def _start(pid: int) -> int | None:
    """Return the start of a process; None if it has ended and nobody has read its exit status. Raises OSError."""
    # The name is in parentheses and may contain anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return None if fields[_STATE] in ("Z", "X") else int(fields[_START])
