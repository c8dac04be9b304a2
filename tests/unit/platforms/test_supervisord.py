"""The path of the supervisord socket."""

from pathlib import Path

from logops.platforms.local.supervisord import socket_path


def test_supervisord_socket_is_in_the_state_folder() -> None:
    assert socket_path(Path("/srv/logops/local")) == Path("/srv/logops/local/supervisord.sock")


def test_long_socket_path_is_replaced_by_a_short_unique_path() -> None:
    long = Path("/srv") / ("x" * 90)
    assert len(str(socket_path(long))) < 60
    assert socket_path(long) != socket_path(long / "y")
