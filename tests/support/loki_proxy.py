"""A proxy in front of a real Loki that delays answers or answers 429."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from logops.platforms.local import LocalPlatform


class LokiProxy(ThreadingHTTPServer):
    """A proxy that forwards requests to a Loki."""

    daemon_threads = True

    def __init__(self, loki_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.loki_url = loki_url
        self.session = requests.Session()
        self.delay_share: Mapping[str, float] = {}
        """Additional delay by query text, as a share of the time that the answer took."""
        self.delay_s = 0.0
        """Additional delay of every answer, in seconds."""
        self.refuse_next = 0
        """Number of the next queries that are answered with 429."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffer the answer: the second of two small packets would wait for the acknowledgement of the first.
    wbufsize = 1 << 20

    def do_GET(self) -> None:
        proxy = self.server
        assert isinstance(proxy, LokiProxy)
        if proxy.refuse_next > 0 and "/query" in self.path:
            proxy.refuse_next -= 1
            return self._answer(429, b"too many outstanding requests", {"Retry-After": "1"})
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        started = time.perf_counter()
        answer = proxy.session.get(f"{proxy.loki_url}{self.path}", headers=headers, timeout=60)
        query = parse_qs(urlsplit(self.path).query).get("query", [""])[0]
        # A query that must bypass the results cache ends with a comment.
        slower = proxy.delay_share.get(query.partition(" # ")[0], 0.0)
        # The time that an answer takes is what this proxy changes.
        time.sleep((time.perf_counter() - started) * slower + proxy.delay_s)
        kind = answer.headers.get("Content-Type", "application/json")
        return self._answer(answer.status_code, answer.content, {"Content-Type": kind})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Write no access log."""


class PlatformBehindProxies:
    """A platform whose queries go through the proxies."""

    def __init__(self, platform: LocalPlatform, proxies: Mapping[str, LokiProxy]) -> None:
        self._platform = platform
        self._proxies = proxies
        self.environment = platform.environment

    def read_url(self, cluster: str) -> str:
        return f"http://127.0.0.1:{self._proxies[cluster].server_port}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._platform, name)


@contextmanager
def proxies_before(platform: LocalPlatform) -> Iterator[dict[str, LokiProxy]]:
    """Run one proxy in front of each cluster."""
    proxies = {cluster: LokiProxy(platform.read_url(cluster)) for cluster in platform.environment.clusters}
    for proxy in proxies.values():
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxies
    finally:
        for proxy in proxies.values():
            proxy.shutdown()
            proxy.server_close()
