"""Write a line as a log source does: to a file or to syslog."""

import socket
from pathlib import Path

import pytest

from logops.platforms.local.sources import write_line
from logops.platforms.platform import PlatformError
from logops.render import local_topology
from tests.support.environments import environment
from tests.support.local_platforms import free_base_port


def test_line_is_appended_to_the_tailed_file(tmp_path: Path) -> None:
    place = local_topology(environment("local"), tmp_path)
    write_line(place, "application", "one")
    write_line(place, "application", "two")
    assert (tmp_path / "samples/application.log").read_text() == "one\ntwo\n"


def test_line_for_path_pattern_is_written_to_matching_file(tmp_path: Path) -> None:
    place = local_topology(environment("local", ("sources.application.paths", ["samples/app-*.log"])), tmp_path)
    write_line(place, "application", "one")
    assert [file.name for file in (tmp_path / "samples").glob("app-*.log")] == ["app-logops-verify.log"]


def test_syslog_message_starts_with_its_length_in_bytes(tmp_path: Path) -> None:
    place = local_topology(environment("local", ("platform.base_port", free_base_port())), tmp_path)
    with socket.create_server(("127.0.0.1", place.syslog_port("syslog"))) as server:
        write_line(place, "syslog", "<13>1 - - - - - - grüße")
        connection, _ = server.accept()
        with connection:
            assert connection.recv(100) == b"25 " + "<13>1 - - - - - - grüße".encode()


def test_closed_syslog_port_is_reported(tmp_path: Path) -> None:
    place = local_topology(environment("local", ("platform.base_port", free_base_port())), tmp_path)
    with pytest.raises(PlatformError, match=f"syslog port {place.syslog_port('syslog')}"):
        write_line(place, "syslog", "<13>1 - - - - - - lost")
