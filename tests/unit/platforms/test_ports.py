"""Who has a port."""

import os
import socket

from logops.platforms.local.ports import Taken, taken


def test_a_free_port_is_nobodys() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert taken([port]) == []


def test_a_taken_port_is_named_with_its_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = taken([port])
        told = str(found[0])
    assert found == [Taken(port, os.getpid())]
    assert f"port {port} is taken by " in told
    assert f"(pid {os.getpid()}, " in told


def test_an_owner_that_the_system_does_not_tell_is_said_to_be_unknown() -> None:
    assert str(Taken(23100, None)) == "port 23100 is taken by a process of another user"
