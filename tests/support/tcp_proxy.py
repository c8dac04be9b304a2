"""A network that can be cut: a TCP proxy between a client and a server on this machine."""

import contextlib
import socket
import threading


class Network:
    """Forwards connections to a port until it is cut. It keeps its own port when it is repaired."""

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accept(self._listener)

    def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        for one in [self._listener, *self._connections]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._connections.clear()

    def repair(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accept(self._listener)

    def _accept(self, listener: socket.socket) -> None:
        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    server = socket.create_connection(("127.0.0.1", self.behind))
                    self._connections += [client, server]
                    for source, target in ((client, server), (server, client)):
                        threading.Thread(target=_forward, args=(source, target), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
