"""The part of the page about rollouts."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.findings.store import ResultsStore
from logops.render import Files
from logops.report.section import EVERYTHING, STANDARD
from logops.report.sections.rollouts import (
    MAX_LINES_OF_FILE,
    Rollout,
    Rollouts,
    read,
    section,
    standard_part,
)
from logops.rollout import Approval, Plan, RolloutOutcome, RolloutResult, plan_stage, recorded, write_plan, write_record
from logops.rollout.past import PastRollout
from tests.support.environments import environment

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOON = NOW - timedelta(hours=2)
LOCAL = environment("local")
HOSTILE = "<script>alert(1)</script>\"'&"
BEFORE = Files({"loki/main.yaml": "a: 1\nb: 2\n"})
AFTER = Files({"loki/main.yaml": "a: 1\nb: 3\n"})


def plan(before: Files = BEFORE, after: Files = AFTER) -> Plan:
    return Plan("local", (plan_stage("loki", before, after),), made_at=NOON)


def past(changes: Plan | None = None, **values: object) -> PastRollout:
    """A rollout that a person approved and that passed."""
    usual: dict[str, object] = {"run": "manual__1", "as_of": NOON, "outcome": RolloutOutcome.ROLLED_OUT}
    usual |= {
        "digest": "d1",
        "plan": changes or plan(),
        "approver": "Ada (ada)",
        "approved_at": NOON,
        "approved_via": "airflow",
    }
    usual |= {"accepted": (), "applied": ("loki",), "rolled_back": (), "failures": {}}
    return PastRollout(**{**usual, **values})  # type: ignore[arg-type]


def page(*rollouts: PastRollout) -> Rollouts:
    return Rollouts("local", NOW, tuple(Rollout(each, standard_part(each, LOCAL)) for each in rollouts))


def text_of(body: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_summary_says_how_the_newest_rollout_ended_and_who_approved_it() -> None:
    made = section(page(past(), past(outcome=RolloutOutcome.FAILED)), STANDARD)

    assert (made.mark, made.summary) == (
        "ok",
        "The newest rollout, 2 h ago: rolled out: loki, approved by Ada (ada).",
    )


def test_failed_rollout_says_where_and_what_was_rolled_back() -> None:
    failures = {"loki.verify": "main-querier is not ready"}
    failed = past(outcome=RolloutOutcome.FAILED, failures=failures, rolled_back=("loki",), applied=("storage", "loki"))

    made = section(page(failed), STANDARD)

    assert made.mark == "error"
    assert "failed at loki.verify, loki rolled back" in made.summary
    assert "storage : applied and verified loki : verification failed, then rolled back" in text_of(made.body)
    assert "loki.verify: main-querier is not ready" in text_of(made.body)


def test_diff_marks_added_and_removed_lines() -> None:
    body = section(page(past()), STANDARD).body

    assert "<del>-b: 2</del>\n<ins>+b: 3</ins>" in body


def test_long_diff_is_folded_and_its_other_lines_are_counted() -> None:
    before, after = (
        Files({"loki/main.yaml": "".join(f"key_{line}: {value}\n" for line in range(400))}) for value in (1, 2)
    )

    body = section(page(past(plan(before, after))), STANDARD).body

    assert body.count("<del>") + body.count("<ins>") == MAX_LINES_OF_FILE - 1
    assert "... 681 more lines" in body


def test_rollout_of_airflow_links_to_its_run() -> None:
    body = section(page(past(run="manual__2026-11-28T10:00:00+00:00")), STANDARD).body

    assert 'href="../dags/rollout/runs/manual__2026-11-28T10%3A00%3A00%2B00%3A00"' in body


def test_rollout_at_a_terminal_has_no_link_to_airflow() -> None:
    body = section(page(past(run="terminal-ada-1", approved_via="terminal")), STANDARD).body

    assert "dags/rollout" not in body
    assert "Approved by Ada (ada) at a terminal" in body


def test_rollout_that_nobody_was_asked_about_says_so() -> None:
    assert "Nobody was asked for approval." in section(page(past(approver="", approved_at=None)), STANDARD).body


def test_rollout_without_a_stored_plan_says_why() -> None:
    body = section(page(replace(past(), plan=None)), STANDARD).body

    assert "Its plan was not stored: an earlier version of logops rolled it out." in body


def test_environment_without_rollouts_says_how_to_start_one() -> None:
    made = section(page(), STANDARD)

    assert (made.mark, made.summary) == ("unknown", "No rollout is recorded.")
    assert "logops up local" in made.body


def test_hostile_files_reasons_and_messages_are_escaped() -> None:
    after = Files({f"loki/{HOSTILE}.yaml": HOSTILE, "loki/main.yaml": f"b: {HOSTILE}\n"})
    rollout = past(
        plan(BEFORE, after), run=HOSTILE, approver=HOSTILE, accepted=(HOSTILE,), failures={"loki.apply": HOSTILE}
    )

    body = section(page(rollout), EVERYTHING).body

    assert "<script" not in body
    assert "&lt;script&gt;" in body


def test_diff_of_a_security_cluster_is_shown_to_its_readers_only() -> None:
    after = Files({**AFTER, "loki/security.yaml": "secret_limit: 7\n"})
    rollout = past(plan(Files({**BEFORE, "loki/security.yaml": "secret_limit: 6\n"}), after))

    assert "secret_limit" in section(page(rollout), EVERYTHING).body
    assert "secret_limit" not in section(page(rollout), STANDARD).body
    assert "1 change," in section(page(rollout), STANDARD).body


def test_rollout_that_changed_only_a_security_cluster_is_left_out() -> None:
    only = plan(Files({"loki/security.yaml": "a: 1\n"}), Files({"loki/security.yaml": "a: 2\n"}))

    assert section(page(past(only)), STANDARD).summary == "No rollout is recorded."


LINES = st.lists(
    st.sampled_from(["a: 1", "cluster: security", "url: http://security-ingester-0", "path: audit.log", "- audit", "x"])
)
NAMES = st.sampled_from(["loki/main.yaml", "loki/security.yaml", "agents/alloy", "security-ingester-0"])
FILES = st.dictionaries(NAMES, LINES.map("\n".join), max_size=4).map(Files)


@given(FILES, FILES, st.lists(st.sampled_from(["agent-end-of-life: fine", "x: for security", "y: audit too"])))
def test_standard_page_has_no_word_of_a_security_cluster(before: Files, after: Files, accepted: list[str]) -> None:
    rollout = past(plan(before, after), accepted=tuple(accepted))

    words = re.findall(r"[a-z]+", section(page(rollout), STANDARD).body)

    assert not {"security", "audit"} & {*words}


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def test_recorded_rollout_is_on_the_page_with_its_diff(store: ResultsStore) -> None:
    made = plan()
    write_plan(store, made, "manual__1")
    result = RolloutResult("local", RolloutOutcome.ROLLED_OUT, {}, ("loki",), {})
    approval = Approval(made.digest, "ada", NOON, "airflow", "Ada")
    write_record(store, recorded(made, result, "manual__1", NOON, approval, NOON))

    body = section(read(store, LOCAL, NOW), STANDARD).body

    assert "<ins>+b: 3</ins>" in body
    assert "Approved by Ada (ada) in Airflow, 2026-11-28 10:00 UTC." in body
