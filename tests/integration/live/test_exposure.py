"""What other machines and other users reach of a running environment."""

import psutil

from logops.platforms.local import LocalPlatform
from tests.support.exposure import beyond_loopback, listening, open_to_others
from tests.support.local_platforms import statuses


def test_every_socket_listens_on_loopback_except_the_metrics_of_the_canary(platform: LocalPlatform) -> None:
    found = statuses(platform)
    sockets = listening(psutil.Process(status.pid) for status in found.values())

    assert {status.port for status in found.values()} <= sockets.keys()
    # loki-canary has no setting for its address.
    assert beyond_loopback(sockets) == {found["canary-main"].port}


def test_other_users_cannot_enter_the_state_folder(platform: LocalPlatform) -> None:
    assert platform.state.stat().st_mode & 0o777 == 0o700


def test_other_users_have_no_right_on_what_the_programs_write(platform: LocalPlatform) -> None:
    assert [path for name in ("data", "logs") for path in open_to_others(platform.state / name)] == []


def test_state_folder_that_others_can_enter_is_closed_by_the_next_change(platform: LocalPlatform) -> None:
    platform.state.chmod(0o755)
    platform.apply("tenants", platform.desired()["tenants"], "again", print)
    assert platform.state.stat().st_mode & 0o777 == 0o700
