"""When an ingester counts as ready after a restart."""

from datetime import timedelta

import pytest

from logops.clients.loki import RingMember
from logops.platforms.local.health import Health, in_ring


def member(state: str = "ACTIVE", age: float = 1.0) -> RingMember:
    return RingMember("main-ingester-0", state, "127.0.0.1:23111", timedelta(seconds=age), "")


@pytest.mark.parametrize(
    ("members", "ready"),
    [
        ([member()], True),
        ([member("JOINING")], False),
        ([member("LEAVING")], False),
        ([member(age=11.5)], False),
        ([], False),
    ],
    ids=["active", "joining", "leaving", "heartbeat from before the start", "not in the ring"],
)
def test_ingester_is_ready_if_ring_shows_active_since_its_start(members: list[RingMember], ready: bool) -> None:
    assert in_ring("main-ingester-0", members, age=10.0).ready is ready


def test_ingester_that_is_not_ready_is_reported_with_ring_state() -> None:
    assert in_ring("main-ingester-0", [member("LEAVING")], age=10.0) == Health(False, "it is LEAVING in the ring")
