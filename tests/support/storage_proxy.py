"""A proxy in front of Azurite that refuses some requests, as a firewall or a missing role does on Azure."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Refuses = Callable[[str, str], bool]
"""Takes the method and the path of a request."""

_REFUSAL = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b"<Error><Code>AuthorizationPermissionMismatch</Code><Message>Refused by the test.</Message></Error>"
)
_HOP_BY_HOP = ("connection", "transfer-encoding", "keep-alive")


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, refuses: Refuses, own_port: int) -> None:
        super().__init__(("127.0.0.1", own_port), _Request)
        self.behind = port
        self.refuses = refuses


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self) -> None:
        proxy = self.server
        assert isinstance(proxy, _Proxy)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if proxy.refuses(self.command, self.path):
            headers = [("x-ms-error-code", "AuthorizationPermissionMismatch"), ("Content-Type", "application/xml")]
            return self._answer(403, headers, _REFUSAL)
        connection = http.client.HTTPConnection("127.0.0.1", proxy.behind, timeout=60)
        try:
            # The signature covers the account and the path, not the port.
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in (*_HOP_BY_HOP, "content-length"):
                self.send_header(name, value)
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        self.send_header("Content-Length", lengths[0] if self.command == "HEAD" and lengths else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output free of access logs."""


@contextmanager
def storage_proxy(port: int, refuses: Refuses, own_port: int = 0) -> Iterator[int]:
    """Run a proxy in front of the Azurite on `port`. Yields the proxy's port: `own_port`, or a free one."""
    proxy = _Proxy(port, refuses, own_port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxy.server_port
    finally:
        proxy.shutdown()
        proxy.server_close()
