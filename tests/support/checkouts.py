"""A separate checkout for tests: its own environments and state, this repository's dags and programs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from logops.environment import find_environment, load_environment
from logops.platforms import STATE, open_local
from logops.platforms.local import LocalPlatform
from logops.quickstart.airflow_process import Airflow


@dataclass(frozen=True)
class Checkout:
    """The folder of a checkout and the port of its Airflow."""

    root: Path
    port: int
    """Port of Airflow."""

    @property
    def airflow(self) -> Airflow:
        return Airflow(self.root, self.root / STATE / "airflow")

    def platform(self, name: str) -> LocalPlatform:
        """Open the environment from the current content of its file."""
        return open_local(load_environment(find_environment(name, self.root)), self.root)

    def logops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `logops ...` in this checkout and wait until it ends."""
        command = self.begin(*arguments)
        stdout, stderr = command.communicate()
        return subprocess.CompletedProcess(command.args, command.returncode, stdout, stderr)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `logops ...` in this checkout without waiting until it ends."""
        return subprocess.Popen(
            [sys.executable, "-c", "from logops.cli import main; main()", *arguments],
            env={**os.environ, "LOGOPS_HOME": str(self.root), "COLUMNS": "120"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
