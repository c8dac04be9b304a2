"""Send syslog messages: UDP, TCP, TCP with TLS."""

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.waiting import becomes_true, wait_for


@contextmanager
def tcp_connection(port: int, tls: ssl.SSLContext | None = None) -> Iterator[socket.socket]:
    """Connect as soon as the agent listens. At the end, wait until the agent has read everything."""
    opened: list[socket.socket] = []

    def connect() -> bool:
        try:
            opened.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        except OSError:
            return False
        return True

    becomes_true(connect)
    (connection,) = opened
    if tls:
        connection = tls.wrap_socket(connection, server_hostname="127.0.0.1")
    with connection:
        yield connection
        # Closing at once would reset the connection if the agent has sent something, as TLS does.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass


def by_newlines(messages: Iterable[bytes]) -> bytes:
    return b"".join(message + b"\n" for message in messages)


def by_counts(messages: Iterable[bytes]) -> bytes:
    """Return the messages with octet counting (RFC 6587)."""
    return b"".join(b"%d %s" % (len(message), message) for message in messages)


def send_udp(port: int, messages: Iterable[bytes]) -> None:
    """Send datagrams as soon as the agent listens: the first one would be lost otherwise."""
    wait_for(lambda: _is_bound(port), state=lambda: f"nobody listens on UDP port {port}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for message in messages:
            sender.sendto(message, ("127.0.0.1", port))


def _is_bound(port: int) -> bool:
    tables = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
    return any(f":{port:04X} " in line.split("rem")[0][:60] for table in tables for line in table.open())
