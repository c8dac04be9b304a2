"""A company's HTTP proxy: it forwards requests and opens tunnels to one server, whatever host they name."""

import base64
import socket
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self


class ForwardProxy:
    """A proxy in front of the server at a port of this machine."""

    def __init__(self, server_port: int, credential: str = "") -> None:
        """
        credential   NAME:PASSWORD that a request must have; empty: none
        """
        self.requested: list[str] = []
        """Method and target of each request."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(server_port, credential))
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self, server_port: int, credential: str) -> type[BaseHTTPRequestHandler]:
        proxy = self
        expected = f"Basic {base64.b64encode(credential.encode()).decode()}" if credential else None

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def is_allowed(self) -> bool:
                proxy.requested.append(f"{self.command} {self.path}")
                if self.headers["Proxy-Authorization"] == expected:
                    return True
                self.send_response(407)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return False

            def do_CONNECT(self) -> None:
                if not self.is_allowed():
                    return
                with socket.create_connection(("127.0.0.1", server_port)) as server:
                    self.send_response(200)
                    self.end_headers()
                    back = Thread(target=_copy, args=(server, self.connection), daemon=True)
                    back.start()
                    _copy(self.connection, server)
                    back.join()
                self.close_connection = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not self.is_allowed():
                    return
                server = HTTPConnection("127.0.0.1", server_port)
                server.request("POST", self.path, body, dict(self.headers))
                answer = server.getresponse()
                self.send_response(answer.status)
                self.end_headers()
                self.wfile.write(answer.read())
                server.close()

            def log_message(self, *_: object) -> None:
                """Keep the test's output free of access logs."""

        return Handler


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until the source ends."""
    while data := source.recv(65_536):
        target.sendall(data)
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side has ended first.
        return
