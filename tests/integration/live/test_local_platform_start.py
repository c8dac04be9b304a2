"""Start again what was rolled out and does not run, without a rollout."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.local.supervisord import Supervisord
from logops.platforms.platform import PlatformError
from tests.support.local_platforms import all_ready, apply_all, pids, security_only, statuses
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    platform = open_local(security_only("start"), tmp_path_factory.mktemp("start"))
    try:
        apply_all(platform)
        yield platform
    finally:
        platform.down(print)


def test_start_after_down_runs_every_process_again_without_new_revision(small: LocalPlatform) -> None:
    revisions = small.revisions("loki")
    small.down(print)

    started = small.start(print)

    assert started == list(statuses(small))
    assert all_ready(small)
    assert small.revisions("loki") == revisions
    assert small.live("loki") == small.desired()["loki"]


def test_start_with_one_stopped_process_starts_only_that_one(small: LocalPlatform) -> None:
    small.start(print)
    before = pids(small)
    Supervisord(small.state).stop_process("promtail-security")
    wait_for(lambda: statuses(small)["promtail-security"].state == "STOPPED")

    assert small.start(print) == ["promtail-security"]

    others = {name: pid for name, pid in before.items() if name != "promtail-security"}
    assert {name: pids(small)[name] for name in others} == others
    assert small.start(print) == []


def test_start_with_port_of_another_program_fails_and_names_the_port(small: LocalPlatform) -> None:
    small.down(print)
    port = int(small.read_url("security").rpartition(":")[2])
    with socket.socket() as stranger:
        # Prometheus had connections to this port, which the kernel remembers for a minute.
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        with pytest.raises(PlatformError, match=rf"{port}.*Nothing was started"):
            small.start(print)
    assert not any(pids(small).values())


def test_start_before_first_rollout_starts_nothing(tmp_path: Path) -> None:
    assert open_local(security_only("never"), tmp_path).start(print) == []
