"""Find what other machines, and other users of this machine, can reach."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

OTHERS = 0o077
"""The rights of the group and of all other users."""


def open_to_others(folder: Path) -> list[str]:
    """Return the files below a folder on which other users have a right, whatever the modes of the folders are."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and path.lstat().st_mode & OTHERS]


def listening(processes: Iterable[psutil.Process]) -> dict[int, str]:
    """Return the listening TCP sockets of processes: port to address."""
    found: dict[int, str] = {}
    for process in processes:
        # Airflow starts a process for each task and each DAG file: some end while this reads them.
        with suppress(psutil.NoSuchProcess):
            sockets = process.net_connections("tcp")
            found |= {socket.laddr.port: socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}
    return found


def beyond_loopback(sockets: dict[int, str]) -> set[int]:
    """Return the ports that other machines reach."""
    return {port for port, address in sockets.items() if address != "127.0.0.1"}
