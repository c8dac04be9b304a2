"""Make ingesters store their data: flush, stop, and wait until they are ready again."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from logops.platforms.platform import ProcessStatus
from logops.samples.settle import RestartError, settle

NEW_PID = 1


@dataclass
class Host:
    """A host with one ingester. If the ingester ends, it runs again with another process id."""

    ingester: subprocess.Popen[bytes]
    ready_again: bool = True
    lines: list[str] = field(default_factory=lambda: ["msg=starting", "err=disk full"])

    def processes(self) -> list[ProcessStatus]:
        if self.ingester.poll() is None:
            return [ProcessStatus("main-ingester-0", "loki", "RUNNING", ready=True, pid=self.ingester.pid)]
        return [ProcessStatus("main-ingester-0", "loki", "STARTING", ready=self.ready_again, pid=NEW_PID)]

    def last_lines(self, process: str) -> list[str]:
        return self.lines


@pytest.fixture
def ingester() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


@pytest.fixture
def flushes() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the paths of the requests to it."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write no access log."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    server.server_close()


def test_ingester_is_flushed_and_stopped_until_it_is_ready_again(
    ingester: subprocess.Popen[bytes], flushes: tuple[str, list[str]]
) -> None:
    url, paths = flushes
    progress: list[str] = []
    settle(Host(ingester), {"main-ingester-0": url}, progress.append)
    assert paths == ["/flush"]
    assert ingester.poll() is not None
    assert progress == ["main-ingester-0 stores its index"]


def test_ingester_that_does_not_become_ready_is_reported_with_last_lines(
    ingester: subprocess.Popen[bytes], flushes: tuple[str, list[str]]
) -> None:
    with pytest.raises(RestartError, match=r"restarting main-ingester-0: .*STARTING") as failed:
        settle(Host(ingester, ready_again=False), {"main-ingester-0": flushes[0]}, lambda _: None, ready_within_s=0.2)
    assert str(failed.value).endswith("msg=starting\n    err=disk full")
