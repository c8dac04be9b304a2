"""Write a log line as a source does."""

import socket
from collections.abc import Sequence
from pathlib import Path

from logops.environment.sources import FileSource, SyslogSource
from logops.platforms.local.atomic import writing
from logops.platforms.platform import PlatformError
from logops.render import Topology
from logops.render.topology import HOST

_TIMEOUT_SECONDS = 5.0


def write_line(topology: Topology, source: str, text: str) -> None:
    """Write a line to the first tailed file, or to the syslog port. Raises PlatformError."""
    declared = topology.environment.sources[source]
    match declared:
        case FileSource():
            _append(_file(topology.state, declared.paths), text)
        case SyslogSource():
            _send(topology.syslog_port(source), text)
        case _:
            raise PlatformError(
                f"writing a line to source {source}: the local platform cannot write to {declared.kind} sources"
            )


def _file(state: Path, paths: Sequence[str]) -> Path:
    """Return the file of the first path. If the path is a pattern, return a name that matches it."""
    path = state / paths[0]
    return path.with_name(path.name.replace("*", "logops-verify")) if "*" in path.name else path


def _append(file: Path, text: str) -> None:
    with writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")


def _send(port: int, text: str) -> None:
    data = text.encode()
    try:
        with socket.create_connection((HOST, port), _TIMEOUT_SECONDS) as connection:
            # RFC 6587, 3.4.1: the length gives the end of a message.
            connection.sendall(f"{len(data)} ".encode() + data)
    except OSError as error:
        raise PlatformError(f"sending a line to syslog port {port}: {error}. Does the agent run?") from error
