"""When an ingester counts as back."""

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
    ids=["active", "joining", "leaving", "heartbeat of its life before", "not seen"],
)
def test_an_ingester_is_back_when_others_see_it_active_since_it_was_started(
    members: list[RingMember], ready: bool
) -> None:
    assert in_ring("main-ingester-0", members, age=10.0).ready is ready


def test_who_is_not_back_is_told_why() -> None:
    assert in_ring("main-ingester-0", [member("LEAVING")], age=10.0) == Health(False, "it is LEAVING in the ring")
