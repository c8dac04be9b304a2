"""Real Alertmanagers for tests."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from logops.toolchain import command
from tests.support.azurites import free_port
from tests.support.waiting import becomes_true

QUIET = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class RunningAlertmanager:
    """An Alertmanager that can be stopped and started again, with its data or without."""

    def __init__(self, folder: Path, config: str = QUIET) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "alertmanager.yaml"
        self._config.write_text(config)
        self._port = free_port()
        self._command = command("alertmanager")
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start without the alerts and silences of an earlier run, and wait until it is ready."""
        self._starts += 1
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._command,
                    f"--config.file={self._config}",
                    f"--storage.path={self._folder / f'data-{self._starts}'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
            )
        process = self._process
        becomes_true(lambda: self._is_ready() or process.poll() is not None, 20, every=0.02)
        assert self._is_ready(), (self._folder / "log").read_text()[-2000:]

    def suspend(self) -> None:
        """Stop it as a machine that hangs: it accepts connections and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=2).ok
        except requests.RequestException:
            return False


@contextmanager
def alertmanager(folder: Path, config: str = QUIET) -> Iterator[RunningAlertmanager]:
    """Run an Alertmanager."""
    running = RunningAlertmanager(folder, config)
    running.start()
    try:
        yield running
    finally:
        running.kill()
