"""Find ports that are already in use, before anything is started."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psutil

from logops.render.topology import HOST


@dataclass(frozen=True)
class Taken:
    """A port that is in use."""

    port: int
    pid: int | None
    """Id of the process; None if the operating system hides it, because the process belongs to another user."""

    def __str__(self) -> str:
        return f"port {self.port} is taken by {_owner(self.pid)}"


def taken(ports: Iterable[int]) -> list[Taken]:
    """Return the ports of `ports` that are in use, each with its process."""
    busy_ports = [port for port in sorted(set(ports)) if not _free(port)]
    owners = _listeners() if busy_ports else {}
    return [Taken(port, owners.get(port)) for port in busy_ports]


def _free(port: int) -> bool:
    with socket.socket() as attempt:
        # The programs set this option too: a connection that has just ended does not block the port.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def _listeners() -> dict[int, int]:
    """Return port -> process id, for the processes that this user may inspect."""
    try:
        connections_with_pid = [(connection, connection.pid) for connection in psutil.net_connections("tcp")]
    except psutil.AccessDenied:
        # macOS lists all connections only for root, but the connections of this user's processes for this user.
        connections_with_pid = [
            (connection, process.pid) for process in psutil.process_iter() for connection in _connections_of(process)
        ]
    return {
        connection.laddr[1]: pid
        for connection, pid in connections_with_pid
        if pid and connection.laddr and connection.status == psutil.CONN_LISTEN
    }


def _connections_of(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections("tcp"))
    except psutil.Error:
        return []


def _owner(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        # Do not show the arguments: they may contain secrets.
        return f"{process.name()} (pid {pid}, {process.exe()})"
    except psutil.Error:
        return f"pid {pid}"
