"""Earlier results that a plan is compared with."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from logops.findings.store import ResultsStore
from logops.rollout import RolloutOutcome, RolloutRecord, RolloutResult, write_record
from logops.rollout.known import read_known
from tests.support.environments import environment

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOCAL = environment("local")


def record(store: ResultsStore, outcome: RolloutOutcome, hours: int, *findings: str) -> None:
    as_of = NOON + timedelta(hours=hours)
    result = RolloutResult("local", outcome, {}, (), {})
    write_record(store, RolloutRecord(result, f"run-{hours}", as_of, "d1", None, (), findings))


def test_empty_store_knows_nothing_and_names_the_command_that_counts(tmp_path: Path) -> None:
    known = read_known(ResultsStore(str(tmp_path)), LOCAL)
    assert (known.held, known.findings) == (None, None)
    assert known.uncounted == (
        "No audit has counted the chunks of local. `logops audit retention local` counts them; then make the plan "
        "again."
    )


def test_unreachable_store_is_the_reason_why_chunks_are_not_counted() -> None:
    known = read_known(ResultsStore("no-such-protocol://results"), LOCAL)
    assert known.uncounted.startswith("The results of the last audit could not be read. ")


def test_findings_are_those_of_the_last_successful_rollout(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    record(store, RolloutOutcome.ROLLED_OUT, 1, "first")
    record(store, RolloutOutcome.NOTHING_TO_CHANGE, 2, "second")
    record(store, RolloutOutcome.FAILED, 3, "failed")
    known = read_known(store, LOCAL)
    assert (known.findings, known.rolled_out_at) == (frozenset({"second"}), NOON + timedelta(hours=2))


def test_record_of_an_earlier_version_has_no_findings(tmp_path: Path) -> None:
    store = ResultsStore(str(tmp_path))
    row = {"environment": ["local"], "run": ["old"], "outcome": ["rolled out"], "as_of": [NOON]}
    store.write("rollouts", "local.old", pa.table(row), NOON)
    assert read_known(store, LOCAL).findings is None
