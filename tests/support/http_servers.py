"""An HTTP server with the test's answers. It records the requests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Received:
    """A request, as the server received it."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


@dataclass
class Recording:
    """The address of a server, and the requests that it received."""

    url: str = ""
    received: list[Received] = field(default_factory=list)


@contextmanager
def http_server(answers: Sequence[tuple[int, bytes]]) -> Iterator[Recording]:
    """Serve the answers (status, JSON) in order. The last answer is repeated."""
    recording = Recording()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            status, content = answers[min(len(recording.received), len(answers) - 1)]
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            recording.received.append(Received(self.command, self.path, headers, body))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Keep the test's output free of access logs."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recording.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield recording
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
