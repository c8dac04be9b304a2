"""A plan as text: the order of its blocks, its counts and its diffs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.render import Files
from logops.rollout import Acceptance, Plan, PlanFinding, plan_stage
from logops.rollout.cost import CostChange
from logops.rollout.impact import Deletion, Impact, PromiseChange
from logops.rollout.text import FOLDED_LINES, counts, file_diffs, text_lines

NOW = datetime(2026, 11, 28, 13, tzinfo=UTC)
LIVE = Files({"processes/loki": "a 1\nb 1\nc 1\nd 1\n", "loki/main.yaml": "level: info\n", "loki/old.yaml": "x\n"})
DESIRED = Files({"processes/loki": "c 2\na 2\nb 1\ne 1\n", "loki/main.yaml": "level: warn\n"})
DELETES = Deletion(214, 214, 12_400_000, date(2026, 8, 30), date(2026, 9, 29))
SHORTER = PromiseChange("main/application", "kept", "90 d", "60 d", DELETES, shortens=True)
COUNTED = Impact((SHORTER,), NOW - timedelta(hours=10), datetime(2026, 11, 29, tzinfo=UTC))
SHORT = PlanFinding("retention-short", "critical", "tenant=application", "keep is 60 d", "Write 90d.", "new")
OLD = PlanFinding("agent-end-of-life", "warning", "source=promtail", "Promtail is old", "Use Alloy.", "open")
PLAN = Plan("local", (plan_stage("loki", LIVE, DESIRED),), COUNTED, made_at=NOW)
TEXTS = st.lists(st.text("-+ @/x", max_size=5), max_size=8).map("\n".join)


def text_of(plan: Plan, *, whole: bool = True) -> str:
    return "\n".join(text_lines(plan, whole=whole))


def test_plan_begins_with_promises_then_findings_restarts_counts_and_diffs() -> None:
    cost = CostChange("USD", 3.0, 2.0, 0, 0, 1000, "Prices: here.")
    text = text_of(replace(PLAN, findings=(SHORT,), cost=cost))
    parts = ["kept 90 d -> 60 d", "Cost", "retention-short", "restarts", "1 change,", "+level: warn"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)


def test_moves_to_another_tier_are_shown_with_their_fee() -> None:
    cost = CostChange("USD", 3.0, 2.0, 0, 0, 1000, "Prices: here.", moved_chunks=3000, moves=12.5)
    assert "Once: Azure moves 3,000 stored chunks to another tier, for USD 12.50." in text_of(replace(PLAN, cost=cost))


def test_shorter_promise_says_what_is_deleted_and_how_old_the_count_is() -> None:
    text = text_of(PLAN)
    assert (
        "main/application: kept 90 d -> 60 d; by the next night Loki deletes 214 chunks, 11.8 MiB, "
        "2026-08-30 to 2026-09-29\n"
    ) in text
    assert "Counted by the audit of 2026-11-28 03:00 UTC, 10 h ago" in text
    assert "Rolling back does not bring deleted logs back." in text


def test_uncertain_count_is_a_range() -> None:
    change = replace(SHORTER, deletes=replace(DELETES, at_least=100))
    assert "deletes 100 to 214 chunks" in text_of(replace(PLAN, impact=replace(COUNTED, promises=(change,))))


def test_uncounted_deletion_is_unknown() -> None:
    impact = Impact((replace(SHORTER, deletes=None),), uncounted="No audit has counted them.")
    text = text_of(replace(PLAN, impact=impact))
    assert "How many chunks are deleted is unknown. No audit has counted them." in text
    assert "nothing" not in text


def test_deletion_by_azure_says_that_its_blobs_are_not_counted() -> None:
    change = PromiseChange("storage account main, logs/", "deleted after", "400 d", "100 d", shortens=True)
    assert "400 d -> 100 d; how many blobs Azure deletes is not counted" in text_of(
        replace(PLAN, impact=Impact((change,)))
    )


def test_plan_without_changed_promise_says_that_none_changes() -> None:
    assert "Nothing: retention, tiers, limits and copies stay as they are." in text_of(replace(PLAN, impact=Impact()))


def test_restarts_are_listed_in_their_order() -> None:
    assert "loki: restarts, one after the other: c, a\n" in text_of(PLAN)


def test_counts_are_of_files_processes_and_chunks() -> None:
    assert counts(PLAN) == (
        "1 change, 1 start, 2 restarts, 2 deletions of files and processes; 214 chunks of logs deleted"
    )


def test_refusing_finding_says_so() -> None:
    text = text_of(replace(PLAN, findings=(SHORT, OLD), compared_with=NOW))
    assert "critical retention-short, new; not accepted, so the rollout is refused\n    keep is 60 d\n" in text
    assert "1 finding as before: agent-end-of-life" in text


def test_accepted_finding_shows_its_reason() -> None:
    accepted = (Acceptance("retention-short", "asked by the data protection officer"),)
    text = text_of(replace(PLAN, findings=(SHORT,), accepted=accepted))
    assert "retention-short, new; accepted: asked by the data protection officer" in text


def test_gone_finding_is_listed_with_the_rollout_it_is_compared_with() -> None:
    text = text_of(replace(PLAN, gone=("wal-not-persistent cluster=main",), compared_with=NOW))
    assert "gone: wal-not-persistent cluster=main\n  Compared with the rollout of 2026-11-28 13:00 UTC." in text


def test_findings_without_earlier_rollout_are_not_called_new() -> None:
    text = text_of(replace(PLAN, findings=(replace(OLD, state="unknown"),)))
    assert "Which of these are new is unknown" in text
    assert ", new" not in text


def test_unchanged_plan_is_one_line() -> None:
    assert text_of(Plan("local", (plan_stage("loki", LIVE, LIVE),))) == "local: nothing to change"


def test_supervisors_own_lines_are_not_in_the_diff() -> None:
    section = '[program:main-querier-0]\ncommand=/opt/loki -target=querier\nenvironment=GOMEMLIMIT="{}",A="1"\n{}\n'
    live = Files({"supervisor/loki.conf": section.format("1B", "stopwaitsecs=1")})
    desired = Files({"supervisor/loki.conf": section.format("2B", "stopwaitsecs=2")})
    (diff,) = file_diffs(Plan("local", (plan_stage("loki", live, desired),)))
    assert diff.name == "process main-querier-0"
    assert diff.lines[1:] == ('-GOMEMLIMIT="1B"', '+GOMEMLIMIT="2B"')


def test_long_diff_is_folded_with_number_of_hidden_lines() -> None:
    live, desired = (Files({"loki/main.yaml": "".join(f"{word} {n}\n" for n in range(50))}) for word in ("old", "new"))
    plan = Plan("local", (plan_stage("loki", live, desired),))
    folded, whole = text_of(plan, whole=False), text_of(plan)
    assert folded.endswith(
        f"-old {FOLDED_LINES - 2}\n  ... {101 - FOLDED_LINES} more lines\n\nLines are folded: --diff shows every line."
    )
    assert whole.endswith("+new 49")


@pytest.mark.parametrize(
    ("live", "desired", "summary"),
    [
        (Files({}), LIVE, "loki/main.yaml: new, 1 line\nloki/old.yaml: new"),
        (LIVE, Files({}), "loki/main.yaml: removed"),
    ],
)
def test_file_that_is_added_or_removed_is_folded_to_one_line(live: Files, desired: Files, summary: str) -> None:
    plan = Plan("local", (plan_stage("loki", live, desired),))
    assert summary in text_of(plan, whole=False)
    assert "level: info" not in text_of(plan, whole=False)
    assert "level: info" in text_of(plan)


@given(TEXTS, TEXTS, TEXTS)
def test_diffs_are_split_by_file_also_if_lines_look_like_headers(first: str, second: str, third: str) -> None:
    live = Files({"loki/a.yaml": f"{first}\nx", "loki/b.yaml": f"{second}\nx"})
    desired = Files({"loki/a.yaml": f"{second}\ny", "loki/b.yaml": f"{third}\ny"})
    plan = Plan("local", (plan_stage("loki", live, desired),))
    assert [diff.name for diff in file_diffs(plan)] == ["loki/a.yaml", "loki/b.yaml"]
    assert sum(len(diff.lines) for diff in file_diffs(plan)) == plan.stages[0].diff.count("\n") + 1 - 4


@pytest.mark.parametrize("text", ["main/my_team*1*", "a `b` c"])
def test_markdown_shows_names_as_they_are(text: str) -> None:
    markdown = replace(PLAN, impact=Impact((replace(SHORTER, owner=text),))).markdown()
    assert text not in markdown
    assert text in markdown.replace("\\", "")
