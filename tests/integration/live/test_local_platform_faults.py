"""Faults on one machine: taken ports, dead processes, a killed supervisord, a full disk."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.local.atomic import swap_files
from logops.platforms.local.supervisord import Supervisord
from logops.platforms.platform import PlatformError
from logops.render import Files
from tests.support.local_platforms import (
    all_ready,
    apply_all,
    pid_of,
    pids,
    processes_of,
    security_only,
    statuses,
    steal_port,
)
from tests.support.waiting import wait_for


def opened(folder: Path, name: str = "small") -> LocalPlatform:
    return open_local(security_only(name), folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """A small running environment, in a folder whose path has spaces and is too long for a Unix socket."""
    place = opened(tmp_path_factory.mktemp("a path " + "as long as some people have " * 4))
    try:
        apply_all(place, "first")
        yield place
    finally:
        place.down(print)


def break_loki(files: Files) -> Files:
    """Return files with a configuration that Loki refuses and with a changed program digest."""
    broken = files["loki/security.yaml"].replace("auth_enabled:", "auth_enabledd:")
    conf = files["supervisor/loki.conf"]
    digest = conf.partition('LOGOPS_DIGEST="')[2].partition('"')[0]
    return Files(
        {
            "loki/security.yaml": broken,
            "supervisor/loki.conf": conf.replace(digest, "broken"),
            "processes/loki": files["processes/loki"].replace(digest, "broken"),
        }
    )


def test_environment_in_long_path_with_spaces_is_ready(small: LocalPlatform) -> None:
    assert len(str(small.state)) > 107
    assert all_ready(small)


def test_concurrent_environments_share_no_process(small: LocalPlatform, platform: LocalPlatform) -> None:
    assert all_ready(small)
    assert all_ready(platform)
    assert not set(pids(small).values()) & set(pids(platform).values())


@dataclass
class Failure:
    """States after the rollback of a run whose Loki did not start, and after the rollback of a later good run."""

    good: Files
    error: str
    after_roll_back: Files
    ready_after_roll_back: bool
    after_later_roll_back: Files


@pytest.fixture(scope="module")
def failure(small: LocalPlatform) -> Failure:
    good = small.live("loki")
    with pytest.raises(PlatformError) as told:
        small.apply("loki", break_loki(good), "fails", print)
    small.roll_back("loki", "fails", print)
    after_roll_back, ready = small.live("loki"), all_ready(small)
    small.apply("loki", good, "later", print)
    small.roll_back("loki", "later", print)
    return Failure(good, str(told.value), after_roll_back, ready, small.live("loki"))


def test_process_that_does_not_start_is_reported_with_last_lines(failure: Failure) -> None:
    assert "starting security-all-0: it exits repeatedly" in failure.error
    assert "field auth_enabledd not found" in failure.error


def test_rollback_of_failed_run_restores_previous_state(failure: Failure) -> None:
    assert failure.after_roll_back == failure.good
    assert failure.ready_after_roll_back


def test_rollback_of_later_run_skips_failed_revision(failure: Failure) -> None:
    assert failure.after_later_roll_back == failure.good


def test_killed_supervisord_is_restarted_and_its_old_processes_end(small: LocalPlatform) -> None:
    before = pids(small)
    daemon = Supervisord(small.state).process()
    assert daemon is not None
    daemon.kill()
    wait_for(lambda: Supervisord(small.state).process() is None)
    orphaned = small.live("loki")

    apply_all(small)

    assert "processes/loki" not in orphaned
    assert not [pid for pid in before.values() if pid and psutil.pid_exists(pid)]
    assert all_ready(small)


def test_stopped_azurite_is_live_without_containers_until_apply(small: LocalPlatform) -> None:
    Supervisord(small.state).stop_process("azurite")
    wait_for(lambda: not all_ready(small))
    without = small.live("storage")["storage/security.yaml"]
    small.apply("storage", small.desired()["storage"], "tests", print)
    assert "containers: []" in without
    assert small.live("storage") == small.desired()["storage"]


def test_live_rules_are_last_known_rules_while_storage_port_is_taken(small: LocalPlatform) -> None:
    before = small.live("rules")
    with steal_port(small, "azurite"):
        # supervisord has restarted Azurite, which has not yet detected that its port is taken.
        wait_for(lambda: statuses(small)["azurite"].pid is not None)
        during = small.live("rules")
    wait_for(lambda: all_ready(small))
    assert during == before != {}


def test_taken_port_is_reported_with_owner_and_no_process_starts(tmp_path: Path) -> None:
    place = opened(tmp_path)
    port = place.environment.platform.base_port
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PlatformError) as told:
        place.apply("storage", place.desired()["storage"], "tests", print)
    assert f"port {port} is taken by" in str(told.value)
    assert f"pid {os.getpid()}" in str(told.value)
    assert place.live("storage") == Files({})
    assert place.revisions("storage") == []
    assert processes_of(place.state) == []


def test_key_in_log_lines_is_masked(tmp_path: Path) -> None:
    place = opened(tmp_path)
    place.object_store("security")
    key = (place.state / "secrets.env").read_text().strip().split("=", 1)[1]
    place.log("azurite").parent.mkdir()
    place.log("azurite").write_text(f"AccountKey={key}\n")
    assert place.last_lines("azurite") == ["AccountKey=***"]


def test_key_in_arguments_of_port_owner_is_not_shown(tmp_path: Path) -> None:
    place = opened(tmp_path)
    port = place.environment.platform.base_port
    listen = (
        f"import socket, sys; s = socket.create_server(('127.0.0.1', {port})); print(1, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", listen, "AccountKey=c2VjcmV0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        with pytest.raises(PlatformError, match=f"taken by .*pid {holder.pid}") as told:
            place.apply("storage", place.desired()["storage"], "tests", print)
        holder.communicate()
    assert "c2VjcmV0" not in str(told.value)


def test_down_ends_processes_left_by_killed_supervisord(tmp_path: Path) -> None:
    place = opened(tmp_path)
    place.apply("storage", place.desired()["storage"], "tests", print)
    daemon = Supervisord(place.state).process()
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    assert processes_of(place.state)
    place.down(print)
    assert processes_of(place.state) == []


def test_rollback_of_first_rollout_stops_processes_and_keeps_data(tmp_path: Path) -> None:
    place = opened(tmp_path)
    try:
        place.apply("storage", place.desired()["storage"], "only", print)
        assert place.roll_back("storage", "only", print) is None
        assert place.live("storage") == Files({})
        assert place.processes() == []
        assert (place.state / "data" / "azurite").is_dir()
    finally:
        place.down(print)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of one megabyte."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mounted)], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", str(mounted)], check=True)


def test_apply_on_almost_full_disk_is_refused_and_changes_nothing(tiny_disk: Path) -> None:
    place = opened(tiny_disk)
    with pytest.raises(PlatformError, match=r"has [\d,.]+ \wiB free; a rollout needs at least 512.0 MiB") as told:
        place.apply("storage", place.desired()["storage"], "tests", print)
    assert str(place.state) in str(told.value)
    assert place.live("storage") == Files({})
    assert processes_of(place.state) == []


def test_swap_files_on_full_disk_fails_and_keeps_old_files(tiny_disk: Path) -> None:
    folder = tiny_disk / "live"
    before = {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"}
    swap_files(folder, before)
    with pytest.raises(PlatformError, match=f"{folder} cannot be written: No space left on device"):
        swap_files(folder, {"a.yaml": "a: 2\n", "b.yaml": "b" * 2**21})
    assert {file.name: file.read_text() for file in folder.iterdir()} == before
    assert [file.name for file in tiny_disk.iterdir()] == ["live"]


def test_new_storage_key_reaches_every_process(small: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    given = "bmV3" * 21 + "bmU="
    monkeypatch.setenv("LOGOPS_SECURITY_STORAGE_KEY", given)
    small.apply("tenants", small.desired()["tenants"], "tests", print)
    for process in ("azurite", "security-all-0"):
        assert any(given in value for value in psutil.Process(pid_of(small, process)).environ().values())
    assert all_ready(small)


def test_down_ends_all_processes_and_keeps_files_and_data(small: LocalPlatform) -> None:
    wanted = small.desired()["loki"]
    assert processes_of(small.state)
    assert small.down(print) == []
    assert processes_of(small.state) == []
    assert small.live("loki") == Files({name: text for name, text in wanted.items() if name != "processes/loki"})
    assert small.live("rules") == small.desired()["rules"] != Files({})
    assert (small.state / "data" / "azurite" / "__blobstorage__").is_dir()
