"""The lease that allows one run to change an environment."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.platforms.holder import Holder, Machine
from logops.platforms.lease import STALE, Lease, taken_by
from logops.platforms.local.lease import LeaseFile
from logops.platforms.platform import LeaseHeldError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROCESS = Holder(Machine("machine", "boot", "pid:[1]"), 1234, 5678)
HELD = Lease("run-1", NOON, NOON)


@pytest.fixture
def file(tmp_path: Path) -> LeaseFile:
    return LeaseFile(tmp_path / "lease.json", "local")


def test_free_lease_is_acquired() -> None:
    assert taken_by(None, "run-1", NOON) == HELD


def test_lease_is_renewed_by_its_owner() -> None:
    later = NOON + timedelta(hours=5)
    assert taken_by(HELD, "run-1", later) == Lease("run-1", NOON, later)


def test_lease_that_is_not_stale_is_refused_to_another_run() -> None:
    assert taken_by(HELD, "run-2", NOON + STALE - timedelta(seconds=1)) is None


def test_stale_lease_is_taken_over() -> None:
    later = NOON + STALE
    assert taken_by(HELD, "run-2", later) == Lease("run-2", later, later)


def test_lease_of_a_run_that_is_known_to_be_dead_is_taken_over_at_once() -> None:
    moment = NOON + timedelta(seconds=1)
    assert taken_by(HELD, "run-2", moment, holder=PROCESS, held_by_dead=True) == Lease("run-2", moment, moment, PROCESS)


def test_renewed_lease_keeps_its_process() -> None:
    held = Lease("run-1", NOON, NOON, PROCESS)
    assert taken_by(held, "run-1", NOON + timedelta(minutes=1)) == Lease(
        "run-1", NOON, NOON + timedelta(minutes=1), PROCESS
    )


def test_lease_of_a_process_is_refused_with_its_id(file: LeaseFile) -> None:
    file.acquire("run-1", one_process=True)
    with pytest.raises(LeaseHeldError, match=rf"is being changed by run-1 \(process {os.getpid()}\), since"):
        file.acquire("run-2")


def test_lease_of_an_earlier_version_is_read(file: LeaseFile, tmp_path: Path) -> None:
    content = {"owner": "run-1", "since": NOON.isoformat(), "touched": NOON.isoformat()}
    (tmp_path / "lease.json").write_text(json.dumps(content))
    assert file.read() == HELD


def test_takeover_of_a_stale_lease_names_the_run_and_its_last_renewal(file: LeaseFile, tmp_path: Path) -> None:
    content = {"owner": "run-1", "since": "2020-01-01T12:00:00+00:00", "touched": "2020-01-01T12:30:00+00:00"}
    (tmp_path / "lease.json").write_text(json.dumps(content))
    assert file.acquire("run-2") == (
        "Taking the lease over from run-1: it has not renewed its lease since 2020-01-01 12:30:00 UTC."
    )


def test_stale_lease_is_held_by_nobody(file: LeaseFile, tmp_path: Path) -> None:
    stale = {"owner": "run-1", "since": NOON.isoformat(), "touched": NOON.isoformat()}
    (tmp_path / "lease.json").write_text(json.dumps(stale))

    assert file.since() is None


def test_acquired_free_lease_says_nothing(file: LeaseFile) -> None:
    assert (file.acquire("run-1"), file.acquire("run-1")) == ("", "")


def test_refused_lease_is_reported_with_owner_time_and_unlock_command(file: LeaseFile) -> None:
    file.acquire("run-1")
    with pytest.raises(LeaseHeldError, match="run-1") as refusal:
        file.acquire("run-2")
    assert "`logops unlock local --owner 'run-1'`" in str(refusal.value)
    assert " UTC" in str(refusal.value)


def test_released_lease_can_be_acquired_by_another_run(file: LeaseFile) -> None:
    file.acquire("run-1")
    file.release("run-1")
    file.acquire("run-2")
    held = file.read()
    assert held is not None
    assert held.owner == "run-2"


def test_lease_is_not_released_by_another_run(file: LeaseFile) -> None:
    file.acquire("run-1")
    file.release("run-2")
    held = file.read()
    assert held is not None
    assert held.owner == "run-1"


def test_renew_does_not_acquire_a_free_lease(file: LeaseFile) -> None:
    file.renew("run-1")
    assert file.read() is None


def test_renew_of_lost_lease_raises_lease_held_error(file: LeaseFile) -> None:
    file.acquire("run-1")
    file.release("run-1")
    file.acquire("run-2")
    with pytest.raises(LeaseHeldError, match="run-2"):
        file.renew("run-1")


def test_unreadable_lease_file_counts_as_free(file: LeaseFile, tmp_path: Path) -> None:
    (tmp_path / "lease.json").write_text('{"owner": ')
    file.acquire("run-1")
    held = file.read()
    assert held is not None
    assert held.owner == "run-1"
