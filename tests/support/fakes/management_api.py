"""A fake of Azure's management API for lifecycle policies and containers, over TLS because the client requires TLS.

Source: learn.microsoft.com/rest/api/storagerp/management-policies/get.
"""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support.certificates import self_signed


@contextmanager
def management_api(folder: Path, answers: list[tuple[int, dict[str, Any]]]) -> Iterator[tuple[str, Path, list[str]]]:
    """Serve these answers in order, then repeat the last one. Yields the address, certificate and requested paths."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(self.path)
            status, body = answers[min(len(asked), len(answers)) - 1]
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with served(folder, Handler) as (address, certificate):
        yield address, certificate, asked


@contextmanager
def served(folder: Path, handler: type[BaseHTTPRequestHandler]) -> Iterator[tuple[str, Path]]:
    """Serve over TLS. Yields the address and the certificate."""
    certificate, key = self_signed(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", certificate
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
