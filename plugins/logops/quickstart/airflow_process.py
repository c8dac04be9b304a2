"""Airflow standalone as one background program, with its state in one folder."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from logops.platforms.local.logs import last_lines
from logops.platforms.local.ports import taken
from logops.platforms.local.private import make_private
from logops.quickstart import background
from logops.quickstart.airflow_api import COMPONENTS, AirflowApi
from logops.quickstart.airflow_config import HOST, PASSWORDS, USER, airflow_environment, write_config
from logops.quickstart.errors import AirflowNotHealthyError, PortTakenError

DEFAULT_PORT = 8080
_START_SECONDS = 240.0
_GRACE_SECONDS = 10.0
_LAST_LINES = 20


@dataclass(frozen=True)
class Airflow:
    """An Airflow standalone, running or not: its checkout, and its state folder (AIRFLOW_HOME)."""

    root: Path
    home: Path

    @property
    def record(self) -> Path:
        return self.home / "standalone.json"

    @property
    def log(self) -> Path:
        return self.home / "standalone.log"

    def port(self) -> int | None:
        """The port of the API; None if Airflow is not running."""
        running = background.running(self.record)
        return running.port if running else None

    def password(self) -> str:
        """The password of the user admin. Raises FileNotFoundError before the first start."""
        return str(json.loads((self.home / PASSWORDS).read_text())[USER])

    def api(self) -> AirflowApi:
        """Return a client of the API. Raises AirflowNotHealthyError if Airflow is not running."""
        port = self.port()
        if port is None:
            raise AirflowNotHealthyError(f"Airflow does not run ({self.record} tells of none): run `make up`.")
        return AirflowApi(f"http://{HOST}:{port}", USER, self.password())

    def start(self, port: int, nightly: str = "") -> bool:
        """Start Airflow unless it is running. Return whether it was started. Does not wait until it is healthy.

        nightly   environment of the nightly runs

        Raises PortTakenError.
        """
        if self.port() is not None:
            return False
        # Processes left by a killed Airflow would write to the same database.
        background.stop(self.record, _GRACE_SECONDS)
        if owners := taken([port]):
            raise PortTakenError(
                f"Airflow cannot serve: {owners[0]}. End that, or give Airflow another port: "
                f'make up ARGS="--airflow-port {free_port()}"'
            )
        make_private(self.home)
        write_config(self.root, self.home, port)
        # Not resolved: in a virtualenv, python is a link, and `airflow` is beside the link.
        programs = Path(sys.executable).parent
        background.start(
            [sys.executable, "-m", "airflow", "standalone"],
            env=airflow_environment(os.environ, self.root, self.home, programs, nightly),
            cwd=self.home,
            log=self.log,
            record=self.record,
            port=port,
        )
        return True

    def wait_until_healthy(self, report: Callable[[str], None], stopped: Callable[[], bool] = lambda: False) -> None:
        """Wait until every component is healthy, and report which are not. Returns early when `stopped` returns True.

        Raises AirflowNotHealthyError with the last log lines if Airflow ends or takes too long.
        """
        deadline = time.monotonic() + _START_SECONDS
        while not stopped():
            port = self.port()
            if port is None:
                raise AirflowNotHealthyError(f"Airflow ended while it was starting. {self._last_lines()}")
            unhealthy = AirflowApi(f"http://{HOST}:{port}", USER, "").unhealthy()
            if not unhealthy and (self.home / PASSWORDS).is_file():
                return
            if time.monotonic() > deadline:
                raise AirflowNotHealthyError(
                    f"Airflow was not healthy within {_START_SECONDS:.0f} s: {', '.join(unhealthy)} not up. "
                    f"{self._last_lines()}"
                )
            report("does not answer yet" if len(unhealthy) == len(COMPONENTS) else f"waits for {', '.join(unhealthy)}")
            time.sleep(0.5)

    def stop(self) -> int:
        """Stop Airflow and every process that it started. Return their number."""
        return background.stop(self.record, _GRACE_SECONDS)

    def _last_lines(self) -> str:
        lines = "\n".join(f"    {line}" for line in last_lines(self.log, _LAST_LINES)) or "    (nothing)"
        return f"The last lines of {self.log}:\n{lines}"


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
