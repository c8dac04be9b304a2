"""The state of an environment on one screen."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from logops.checks.overview import CheckState, Overview
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.platforms.platform import ProcessStatus

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
READY = ProcessStatus("main-loki-0", "loki", "RUNNING", ready=True, pid=7)
BROKEN = ProcessStatus("main-ingester-0", "loki", "RUNNING", ready=False, detail="ring: 1 of 3", pid=8)
STOPPED = ProcessStatus("main-loki-0", "loki", "STOPPED", ready=False, detail="supervisord does not run")
MISSING = Finding(CHUNK_MISSING, Subject("local", "main"), "1 chunk is missing.", NOW)


def check(name: str, age: timedelta = timedelta(hours=2), findings: Sequence[Finding] = ()) -> CheckState:
    return CheckState(Run("local", name, "nightly", NOW - age), tuple(findings))


def test_stopped_environment_has_no_trouble_and_up_as_next_command() -> None:
    overview = Overview("local", [STOPPED], [check("retention-audit")])
    assert overview.running_text() == "stopped; its data is kept"
    assert overview.wrong(NOW) == []
    assert overview.next_command(NOW) == "logops up local"


def test_process_that_is_not_ready_is_named_with_the_command_for_its_log() -> None:
    overview = Overview("local", [READY, BROKEN], [])
    assert overview.running_text() == "1 of 2 processes ready"
    assert overview.wrong(NOW) == ["main-ingester-0 is not ready: ring: 1 of 3"]
    assert overview.next_command(NOW) == "logops logs local main-ingester-0"


def test_failed_check_is_shown_with_its_worst_finding_and_its_command() -> None:
    overview = Overview("local", [READY], [check("retention-audit", findings=[MISSING])])
    assert overview.checks[0].verdict == "failed: 1 finding"
    assert overview.wrong(NOW) == ["retention-audit: 1 chunk is missing."]
    assert overview.next_command(NOW) == "logops audit retention local"


def test_check_that_missed_a_night_is_wrong() -> None:
    overview = Overview("local", [READY], [check("queries", age=timedelta(hours=50))])
    assert overview.wrong(NOW) == ["queries has not run since 2026-11-26 01:00 UTC."]
    assert overview.next_command(NOW) == "logops bench history local"


def test_old_rollout_is_not_wrong() -> None:
    assert Overview("local", [READY], [check("rollout", age=timedelta(days=90))]).wrong(NOW) == []


@pytest.mark.parametrize(
    ("checks", "command"),
    [([], "logops audit retention local"), ([check("retention-audit")], "logops query local")],
)
def test_healthy_environment_is_audited_once_then_asked(checks: list[CheckState], command: str) -> None:
    assert Overview("local", [READY], checks).next_command(NOW) == command


def test_unreadable_results_are_the_first_trouble() -> None:
    assert Overview("local", [READY], [], "Listing findings failed.").wrong(NOW) == ["Listing findings failed."]
