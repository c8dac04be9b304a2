"""Find the process that uses a port."""

import os
import socket

from logops.platforms.local.ports import Taken, taken


def test_free_port_is_not_reported_as_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert taken([port]) == []


def test_taken_port_is_reported_with_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        busy = taken([port])
        message = str(busy[0])
    assert busy == [Taken(port, os.getpid())]
    assert f"port {port} is taken by " in message
    assert f"(pid {os.getpid()}, " in message


def test_taken_port_without_pid_is_reported_as_process_of_another_user() -> None:
    assert str(Taken(23100, None)) == "port 23100 is taken by a process of another user"
