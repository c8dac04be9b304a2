"""Find out which process uses a port, before anything is started."""

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
    """None if the operating system does not tell: the process belongs to another user."""

    def __str__(self) -> str:
        return f"port {self.port} is taken by {_owner(self.pid)}"


def taken(ports: Iterable[int]) -> list[Taken]:
    """Return the ports in `ports` that cannot be used, each with its process."""
    busy = [port for port in sorted(set(ports)) if not _free(port)]
    owners = _listeners() if busy else {}
    return [Taken(port, owners.get(port)) for port in busy]


def _free(port: int) -> bool:
    with socket.socket() as attempt:
        # As the programs do: a connection that has just ended does not block the port.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True


def _listeners() -> dict[int, int]:
    """Return port to process, as far as we are allowed to see."""
    try:
        pairs = [(connection, connection.pid) for connection in psutil.net_connections("tcp")]
    except psutil.AccessDenied:
        # macOS shows all connections only to root; the processes of our own user can be asked one by one.
        pairs = [(connection, process.pid) for process in psutil.process_iter() for connection in _of(process)]
    return {
        connection.laddr[1]: pid
        for connection, pid in pairs
        if pid and connection.laddr and connection.status == psutil.CONN_LISTEN
    }


def _of(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections("tcp"))
    except psutil.Error:
        return []


def _owner(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        # Without its arguments: they may contain secrets.
        return f"{process.name()} (pid {pid}, {process.exe()})"
    except psutil.Error:
        return f"pid {pid}"
