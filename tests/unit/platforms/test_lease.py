"""Whose rollout it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logops.platforms.local.lease import STALE, Lease, LeaseFile, taken_by
from logops.platforms.platform import LeaseHeldError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HELD = Lease("run-1", NOON, NOON)


@pytest.fixture
def file(tmp_path: Path) -> LeaseFile:
    return LeaseFile(tmp_path / "lease.json", "local")


def test_a_free_lease_is_taken() -> None:
    assert taken_by(None, "run-1", NOON) == HELD


def test_its_owner_touches_it() -> None:
    later = NOON + timedelta(hours=5)
    assert taken_by(HELD, "run-1", later) == Lease("run-1", NOON, later)


def test_another_run_does_not_get_it_while_its_owner_lives() -> None:
    assert taken_by(HELD, "run-2", NOON + STALE - timedelta(seconds=1)) is None


def test_a_lease_that_nobody_touched_for_half_an_hour_is_taken_over() -> None:
    later = NOON + STALE
    assert taken_by(HELD, "run-2", later) == Lease("run-2", later, later)


def test_who_is_refused_is_told_who_has_it_and_what_to_do(file: LeaseFile) -> None:
    file.acquire("run-1")
    with pytest.raises(LeaseHeldError, match="run-1") as told:
        file.acquire("run-2")
    assert "`logops unlock local --owner 'run-1'`" in str(told.value)
    assert " UTC" in str(told.value)


def test_a_released_lease_is_free(file: LeaseFile) -> None:
    file.acquire("run-1")
    file.release("run-1")
    file.acquire("run-2")
    held = file.read()
    assert held is not None
    assert held.owner == "run-2"


def test_only_its_owner_releases_it(file: LeaseFile) -> None:
    file.acquire("run-1")
    file.release("run-2")
    held = file.read()
    assert held is not None
    assert held.owner == "run-1"


def test_keeping_takes_no_free_lease(file: LeaseFile) -> None:
    file.renew("run-1")
    assert file.read() is None


def test_a_run_that_lost_its_lease_is_told_when_it_keeps_it(file: LeaseFile) -> None:
    file.acquire("run-1")
    file.release("run-1")
    file.acquire("run-2")
    with pytest.raises(LeaseHeldError, match="run-2"):
        file.renew("run-1")


def test_a_file_that_is_no_lease_is_nobodys(file: LeaseFile, tmp_path: Path) -> None:
    (tmp_path / "lease.json").write_text('{"owner": ')
    file.acquire("run-1")
    held = file.read()
    assert held is not None
    assert held.owner == "run-1"
