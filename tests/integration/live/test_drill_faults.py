"""The faults of a drill, made and repaired on a running environment."""

from datetime import UTC, datetime

from logops.platforms.local import LocalPlatform
from logops.quickstart.drill.faults import EditedLimit, StoppedProcess
from logops.quickstart.drill.scenarios import changed_limit
from tests.support.local_platforms import all_ready, pids

PROCESS = "main-compactor-0"


def test_stopped_process_stays_stopped_until_it_is_repaired(platform: LocalPlatform) -> None:
    fault = StoppedProcess(PROCESS)

    fault.make(platform, print)
    try:
        assert pids(platform)[PROCESS] is None
    finally:
        fault.repair(platform, print)
    assert all_ready(platform)


def test_edited_limit_is_as_declared_after_its_repair(platform: LocalPlatform) -> None:
    (fault,) = changed_limit(platform, "drill-tests", datetime.now(UTC))

    fault.make(platform, print)
    try:
        assert platform.live("tenants") != platform.desired()["tenants"]
    finally:
        fault.repair(platform, print)
    assert platform.live("tenants") == platform.desired()["tenants"]


def test_repair_of_a_fault_that_was_not_made_changes_nothing(platform: LocalPlatform) -> None:
    before = pids(platform), platform.live("tenants"), platform.live("agents")

    StoppedProcess(PROCESS).repair(platform, print)
    EditedLimit("main", "platform", "ingestion_rate_mb", "20.0", "40.0").repair(platform, print)

    assert (pids(platform), platform.live("tenants"), platform.live("agents")) == before
