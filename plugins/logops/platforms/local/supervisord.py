"""Control supervisord, one daemon per environment, by XML-RPC over its Unix socket.

Source: supervisord.org/api.html. Every process is a group with the same name.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from logops.platforms.local.atomic import write_text
from logops.platforms.local.private import UMASK
from logops.platforms.platform import PlatformError

_LONGEST_SOCKET_PATH = 100
"""Bytes. The kernel's limit is 108 on Linux and 104 on macOS (sun_path), and supervisord adds its pid while it binds.
"""
_SHORT_FOLDER = Path("/tmp")
"""Not $TMPDIR, which may differ: an Airflow task and a terminal must find the same socket."""
_END_SECONDS = 15.0
_INHERITED = ("PATH", "HOME", "USER", "TMPDIR", "TZ", "LANG", "LC_ALL", "PYTHONPATH")
"""Variables of this process that supervisord and its processes need. Other variables may contain secrets."""
_STOPPED = {"STOPPED", "EXITED", "FATAL", "UNKNOWN"}


@dataclass(frozen=True)
class Supervised:
    """A process as supervisord reports it."""

    name: str
    state: str
    """STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN."""
    pid: int | None
    since: datetime | None
    """Time of its last start."""
    trouble: str
    """Why it could not be started, or its exit status; empty if there is no problem."""

    @property
    def stopped(self) -> bool:
        return self.state in _STOPPED


class Supervisord:
    """The daemon of one state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.conf = state / "supervisord.conf"
        self.socket = socket_path(state)

    def process(self) -> psutil.Process | None:
        """Return the daemon's process if it runs."""
        command = ["-m", "supervisor.supervisord", "-c", str(self.conf)]
        for process in psutil.process_iter(["cmdline"]):
            if (process.info["cmdline"] or [])[1:5] == command:
                return process
        return None

    def start(self, secrets: Mapping[str, str]) -> None:
        """Start the daemon. It starts no process by itself. Raises PlatformError with its output if it fails."""
        write_text(self.conf, _configuration(self.state, self.socket))
        _private_folder(self.socket.parent, self.state)
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.conf)],
            cwd=self.state,
            env={**inherited, **secrets, "LOGOPS_STATE": str(self.state)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode != 0:
            output = (started.stderr or started.stdout).strip()
            raise PlatformError(f"starting supervisord with {self.conf}: exit code {started.returncode}: {output}")

    def has(self, secrets: Mapping[str, str]) -> bool:
        """Return whether the running daemon was started with these secrets."""
        daemon = self.process()
        variables = daemon.environ() if daemon else {}
        return all(variables.get(name) == value for name, value in secrets.items())

    def end(self) -> bool:
        """Stop the daemon and its processes. Return whether it had to be killed."""
        daemon = self.process()
        if daemon is None:
            return False
        daemon.terminate()
        try:
            daemon.wait(_END_SECONDS)
        except psutil.TimeoutExpired:
            daemon.kill()
            daemon.wait(_END_SECONDS)
            return True
        finally:
            if self.socket.parent != self.state:
                shutil.rmtree(self.socket.parent, ignore_errors=True)
        return False

    def processes(self) -> dict[str, Supervised]:
        """Return every process that the daemon knows, by name; an empty mapping if the daemon does not run."""
        if self.process() is None:
            return {}
        infos = self._call("listing the processes", "supervisor.getAllProcessInfo")
        return {info["name"]: _supervised(info) for info in infos}

    def reload(self) -> None:
        """Read the configuration files again. Affects no process."""
        self._call("reading the processes' configuration", "supervisor.reloadConfig")

    def renew(self, name: str) -> None:
        """Add a process with the newly read configuration. If the process is known, it must be stopped."""
        if name in self.processes():
            self.forget(name)
        self._call(f"adding {name}", "supervisor.addProcessGroup", name)

    def forget(self, name: str) -> None:
        """Remove a stopped process."""
        self._call(f"removing {name}", "supervisor.removeProcessGroup", name)

    def start_process(self, name: str) -> None:
        """Start a process without waiting. If it exits at once, supervisord retries, and its state is BACKOFF."""
        self._call(f"starting {name}", "supervisor.startProcess", name, False, accept=Faults.SPAWN_ERROR)

    def stop_process(self, name: str) -> None:
        """Ask a process to end, without waiting. A process that has just ended is no error."""
        self._call(f"stopping {name}", "supervisor.stopProcess", name, False, accept=Faults.NOT_RUNNING)

    def _call(self, doing: str, method: str, *arguments: str | bool, accept: int = 0) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            with xmlrpc.client.ServerProxy("http://supervisord", transport) as server:
                return getattr(server, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == accept:
                return None
            raise PlatformError(f"{doing}: supervisord answered {fault.faultString}") from fault
        except (OSError, http.client.HTTPException) as error:
            raise PlatformError(
                f"{doing}: supervisord does not answer at {self.socket} ({error}). See {self.state}/supervisord.log."
            ) from error


def socket_path(state: Path) -> Path:
    """Return the socket's path: in the state folder, or in a private folder below /tmp if that path is too long."""
    default = state / "supervisord.sock"
    if len(os.fsencode(default)) < _LONGEST_SOCKET_PATH - len(".1234567"):
        return default
    name = hashlib.sha256(os.fsencode(state)).hexdigest()[:12]
    return _SHORT_FOLDER / f"logops-{os.getuid()}-{name}" / "supervisord.sock"


def _private_folder(folder: Path, state: Path) -> None:
    if folder == state:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    # /tmp is shared: if another user created this folder first, that user could replace the socket.
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise PlatformError(
            f"starting supervisord: {folder} belongs to another user or is a link. Remove it, or use a shorter "
            "path for the project."
        )


def _supervised(info: Mapping[str, Any]) -> Supervised:
    state, since = str(info["statename"]), info["start"]
    ended = state in {"EXITED", "BACKOFF", "FATAL"} and info["exitstatus"]
    return Supervised(
        info["name"],
        state,
        info["pid"] or None,
        datetime.fromtimestamp(since, UTC) if since else None,
        info["spawnerr"] or (f"exit status {info['exitstatus']}" if ended else ""),
    )


def _configuration(state: Path, socket: Path) -> str:
    def escaped(path: Path) -> str:
        return str(path).replace("%", "%%")

    return f"""[supervisord]
logfile={escaped(state)}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
loglevel=info
umask={UMASK:03o}
pidfile={escaped(state)}/supervisord.pid
childlogdir={escaped(state)}/logs

[unix_http_server]
file={escaped(socket)}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

; A relative path, because supervisord ends a path at a blank.
[include]
files=live/supervisor/*.conf
"""
