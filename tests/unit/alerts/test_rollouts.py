"""Findings that a rollout causes alarm nobody for a time."""

from datetime import UTC, datetime, timedelta

import pytest

from logops.alerts.rollouts import Muted, MutingRollout, muted_findings, muting_rollouts, without_muted
from logops.checks.open_findings import OpenAfterRun
from logops.environment import Environment
from logops.findings import Finding, Run, Severity, Subject
from logops.findings.acceptance import accept
from logops.findings.causes import ROLLOUT_MAY_CAUSE
from logops.findings.classes import REGISTRY
from logops.findings.history import OpenFinding
from tests.support.environments import environment

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GRACE = timedelta(minutes=45)
ROLLOUT = MutingRollout(NOON, NOON + 5 * MINUTE + GRACE)


@pytest.fixture(scope="module")
def local() -> Environment:
    return environment("local", ("alerts.rollout_grace", "45m"))


def silent(since: datetime, cls: str = "source-silent") -> OpenFinding:
    return OpenFinding(Finding(REGISTRY[cls], Subject("local", "main", source="access"), "silent", since), since)


def state(entry: OpenFinding) -> OpenAfterRun:
    return OpenAfterRun(Run("local", "ingestion-quality", "run", entry.since), [entry])


def stored(**changed: object) -> dict[str, object]:
    row = {
        "as_of": NOON - 60 * MINUTE,
        "approved_at": NOON,
        "ended_at": NOON + 5 * MINUTE,
        "applied": ["loki"],
        "failed_at": [],
    }
    return {**row, **changed}


def test_finding_that_began_during_a_rollout_is_muted() -> None:
    entry = silent(NOON + MINUTE)

    assert muted_findings([state(entry)], [ROLLOUT], (), NOON + 2 * MINUTE) == [Muted(entry, ROLLOUT)]


def test_finding_that_was_open_before_the_rollout_stays_an_alert() -> None:
    before = state(silent(NOON - MINUTE))

    assert without_muted([before], [ROLLOUT], NOON + MINUTE) == [before]


def test_finding_that_is_still_open_after_the_grace_becomes_an_alert() -> None:
    during = state(silent(NOON + MINUTE))

    assert without_muted([during], [ROLLOUT], ROLLOUT.until + MINUTE) == [during]


def test_accepted_finding_is_not_counted_as_muted() -> None:
    entry = silent(NOON + MINUTE)
    acceptance = accept("source-silent", Subject("local"), "ada", "known", timedelta(days=1), NOON)

    assert muted_findings([state(entry)], [ROLLOUT], [acceptance], NOON + MINUTE) == []


def test_only_what_a_restart_causes_is_muted() -> None:
    serious = {name for name in ROLLOUT_MAY_CAUSE if REGISTRY[name].severity is Severity.CRITICAL}

    assert serious == set()


def test_every_class_that_a_rollout_may_cause_is_declared() -> None:
    assert REGISTRY.keys() >= ROLLOUT_MAY_CAUSE


def test_rollout_mutes_from_its_approval_until_the_grace_after_its_end(local: Environment) -> None:
    assert muting_rollouts([stored()], None, local, NOON + 10 * MINUTE) == [ROLLOUT]


def test_rollout_whose_grace_has_passed_mutes_nothing(local: Environment) -> None:
    assert muting_rollouts([stored()], None, local, ROLLOUT.until + MINUTE) == []


def test_rollout_that_changed_nothing_mutes_nothing(local: Environment) -> None:
    assert muting_rollouts([stored(applied=[])], None, local, NOON + 10 * MINUTE) == []


def test_rollout_that_failed_at_its_first_stage_mutes(local: Environment) -> None:
    assert muting_rollouts([stored(applied=[], failed_at=["loki.apply"])], None, local, NOON + 10 * MINUTE) == [ROLLOUT]


def test_rollout_that_an_earlier_version_recorded_mutes_nothing(local: Environment) -> None:
    row = stored()
    del row["ended_at"]

    assert muting_rollouts([row], None, local, NOON + 10 * MINUTE) == []


def test_running_rollout_mutes_however_long_it_takes(local: Environment) -> None:
    [running] = muting_rollouts([], NOON, local, NOON + 180 * MINUTE)

    assert running.text == "the rollout that runs since 12:00 may cause it, not before 15:45 UTC"
