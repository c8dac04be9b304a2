"""How a rollout ended: the decision, its finding and its record."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from logops.findings.store import ResultsStore
from logops.rollout import RolloutOutcome, RolloutRecord, RolloutResult, nothing_to_change, write_record
from logops.rollout.record import decide_outcome, rollout_findings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAILURES = {"loki.apply": "starting main-ingester-0: FATAL"}


def result(outcome: RolloutOutcome = RolloutOutcome.FAILED, **failures: str) -> RolloutResult:
    return RolloutResult("local", outcome, failures or FAILURES, ("storage",), {"loki": 2, "storage": None})


def record(ended: RolloutResult, as_of: datetime = NOON) -> RolloutRecord:
    return RolloutRecord(ended, f"run-{as_of:%d}", as_of, "d1" * 32, None)


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def open_findings(store: ResultsStore) -> list[str]:
    """Return the classes of the findings of the newest run."""
    _, findings = next(store.runs("local", "rollout", NOON + timedelta(days=30)))
    return [finding.cls.name for finding in findings]


@pytest.mark.parametrize(
    ("changed", "began", "passed", "interrupted", "outcome"),
    [
        (True, True, True, False, "rolled out"),
        (False, False, True, False, "nothing to change"),
        (True, True, False, False, "failed"),
        (True, True, False, True, "interrupted"),
        (True, False, False, False, "stopped"),
        (False, False, False, False, "stopped"),
    ],
)
def test_outcome_of_rollout_follows_its_steps(
    changed: bool, began: bool, passed: bool, interrupted: bool, outcome: str
) -> None:
    assert decide_outcome(changed=changed, began=began, passed=passed, interrupted=interrupted) == outcome


def test_failed_rollout_has_one_finding_with_step_and_message() -> None:
    (finding,) = rollout_findings(result(), NOON)
    assert finding.cls.name == "rollout-failed"
    assert finding.subject.environment == "local"
    assert finding.message == (
        "local: the rollout failed at loki.apply; rolled back: loki, storage. starting main-ingester-0: FATAL"
    )
    assert finding.as_of == NOON
    assert finding.evidence == {"tasks_failed": "loki.apply", "stages_rolled_back": 2}


def test_failed_rollback_is_in_the_message_of_the_finding() -> None:
    (finding,) = rollout_findings(result(**{"loki.apply": "boom.", "roll_back": "starting azurite: FATAL"}), NOON)
    assert finding.message.endswith("boom. Rolling back failed: starting azurite: FATAL")


@pytest.mark.parametrize("ended", [result(RolloutOutcome.ROLLED_OUT), nothing_to_change("local")])
def test_rollout_that_passed_has_no_finding(ended: RolloutResult) -> None:
    assert rollout_findings(ended, NOON) == []


def test_record_of_interrupted_rollout_names_the_step(store: ResultsStore) -> None:
    write_record(store, record(result(RolloutOutcome.INTERRUPTED)))
    (row,) = store.query("rollouts", "select outcome, failed_at, applied, rolled_back from rollouts").to_pylist()
    assert row == {
        "outcome": "interrupted",
        "failed_at": ["loki.apply"],
        "applied": ["storage"],
        "rolled_back": ["loki", "storage"],
    }


def test_finding_of_failed_rollout_is_closed_by_rollout_that_passed(store: ResultsStore) -> None:
    write_record(store, record(result()))
    assert open_findings(store) == ["rollout-failed"]
    write_record(store, record(nothing_to_change("local"), NOON + timedelta(days=1)))
    assert open_findings(store) == []


def test_rollout_stopped_before_any_change_leaves_earlier_finding_open(store: ResultsStore) -> None:
    write_record(store, record(result()))
    write_record(store, record(result(RolloutOutcome.STOPPED), NOON + timedelta(days=1)))
    assert open_findings(store) == ["rollout-failed"]
    assert store.query("rollouts", "select * from rollouts").num_rows == 1


def test_record_without_failed_step_column_is_read_beside_newer_records(store: ResultsStore) -> None:
    old = pa.table({"environment": ["local"], "run": ["old"], "outcome": ["failed"]})
    store.write("rollouts", "local.old", old, NOON)
    write_record(store, record(result(), NOON + timedelta(days=1)))
    rows = store.query("rollouts", "select run, failed_at from rollouts order by run").to_pylist()
    assert rows == [{"run": "old", "failed_at": None}, {"run": "run-02", "failed_at": ["loki.apply"]}]
