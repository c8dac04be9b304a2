"""A proxy that asks for a login, in front of a server that asks for none."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@contextmanager
def login_proxy(behind: str, header: str) -> Iterator[str]:
    """Pass requests on to the server `behind` if their header Authorization is `header`. Yields the proxy's address."""
    address = urlsplit(behind).netloc

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Authorization") != header:
                self.answer(401, b"<html>Who are you?</html>", "text/html")
                return
            connection = http.client.HTTPConnection(address, timeout=10)
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            self.answer(answer.status, answer.read(), answer.getheader("Content-Type", ""))
            connection.close()

        do_GET = do_POST = do_DELETE = pass_on

        def answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the test's output free of access logs."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
