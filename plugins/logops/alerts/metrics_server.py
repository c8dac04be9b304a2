"""Serve the metrics of logops to Prometheus, from the results store: Airflow need not run.

`/metrics` is for everybody who may see the standard clusters, `/metrics/security` for those who may see all about
security clusters. A page is read again after a minute at the earliest, whoever asks and how often.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING

from logops.alerts.last_delivery import read_last_delivery
from logops.alerts.metrics import Sample, declared_samples, exposition, result_samples
from logops.checks.open_findings import read_open
from logops.environment import Environment
from logops.environment.cluster import AUDIENCES, Data
from logops.errors import LogopsError
from logops.findings.acceptance import read_acceptances
from logops.findings.store import ResultsError

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

KEPT_S = 60.0
PATHS: dict[str, Data] = {"/metrics": "standard", "/metrics/security": "security"}

Source = Callable[[], "tuple[Environment, ResultsStore]"]
"""Read the environment file and open its results store."""


def read_pages(environment: Environment, store: "ResultsStore", now: datetime, started: float) -> dict[Data, str]:
    """Return the page of each audience.

    started   start of this process, Unix seconds

    Raises ResultsError if the results store cannot be read.
    """
    states = read_open(store, environment.name, now)
    accepted = read_acceptances(store, environment.name, now)
    delivery = read_last_delivery(store, environment.name)
    return {
        audience: exposition(
            [
                *_always(environment, audience, started, readable=True),
                *result_samples(environment, audience, states, accepted, delivery),
            ]
        )
        for audience in AUDIENCES
    }


def pages_without_results(environment: Environment, started: float) -> dict[Data, str]:
    """Return the page of each audience while the results store cannot be read."""
    return {audience: exposition(_always(environment, audience, started, readable=False)) for audience in AUDIENCES}


class Pages:
    """The pages, kept for a minute."""

    def __init__(self, source: Source, report: Callable[[str], None]) -> None:
        """Read nothing yet. `report` gets a line when the results store cannot be read."""
        self._source = source
        self._report = report
        self._started = time.time()
        self._lock = Lock()
        self._read_at = float("-inf")
        self._pages: dict[Data, str] = {}

    def page(self, audience: Data) -> str:
        """Return the page of an audience. Raises LogopsError if the environment file is not usable."""
        with self._lock:
            if time.monotonic() - self._read_at >= KEPT_S:
                environment, store = self._source()
                try:
                    self._pages = read_pages(environment, store, datetime.now(UTC), self._started)
                except ResultsError as error:
                    self._report(str(error))
                    self._pages = pages_without_results(environment, self._started)
                self._read_at = time.monotonic()
            return self._pages[audience]


def serve(pages: Pages, address: str, port: int) -> ThreadingHTTPServer:
    """Return a server of the pages. `serve_forever` runs it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            audience = PATHS.get(self.path)
            if audience is None:
                self._answer(404, f"There is no page {self.path}. Pages: {', '.join(PATHS)}\n")
                return
            try:
                self._answer(200, pages.page(audience))
            except LogopsError as error:
                self._answer(500, f"{error}\n")

        def _answer(self, status: int, text: str) -> None:
            body = text.encode("utf-8", "backslashreplace")
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: Prometheus asks four times a minute."""

    return ThreadingHTTPServer((address, port), Handler)


def _always(environment: Environment, audience: Data, started: float, *, readable: bool) -> list[Sample]:
    return [
        Sample("logops_build_info", 1, {"version": version("logops")}),
        Sample("process_start_time_seconds", started),
        Sample("logops_results_readable", readable),
        *declared_samples(environment, audience),
    ]
