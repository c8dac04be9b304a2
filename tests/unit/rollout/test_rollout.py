"""Decisions of plan, apply and rollback, tested on a platform in memory."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.environment import load_environment
from logops.platforms.platform import LeaseHeldError, PlatformError, Progress, Revision
from logops.render import STAGES, Files, Stage
from logops.rollout import (
    Approval,
    Plan,
    RolloutRefusedError,
    RolloutResult,
    VerificationError,
    apply_stage,
    plan,
    plan_stage,
    roll_back,
    run_rollout,
    unattended,
)
from logops.rollout import run as run_module
from logops.rollout.approval import TERMINAL
from logops.rollout.errors import VerificationResult
from tests.support.environments import rendered
from tests.support.fakes.memory_platform import MemoryPlatform

LOCAL = load_environment(Path(__file__).parents[3] / "include/environments/local.yaml")
FILES = st.dictionaries(st.text("abc/", min_size=1, max_size=4), st.text("xy\n", max_size=6), max_size=3).map(Files)


def quiet(_line: str) -> None:
    pass


def allowed(planned: Plan) -> Approval:
    return unattended(planned, datetime(2026, 1, 1, tzinfo=UTC), TERMINAL)


def roll_out(platform: MemoryPlatform, owner: str, progress: Progress) -> RolloutResult:
    planned = plan(platform)
    return run_rollout(platform, planned, allowed(planned), owner, progress)


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform(LOCAL, {stage: Files({f"{stage}/file": f"{stage} 1\n"}) for stage in STAGES})


@pytest.fixture(autouse=True)
def _verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "verify_stage", lambda *_: ())


@given(FILES, FILES)
def test_stage_plan_is_changed_if_live_and_desired_files_differ(live: Files, wanted: Files) -> None:
    assert plan_stage("loki", live, wanted).changed == (live != wanted)


@given(FILES, FILES)
def test_plan_and_digest_are_unchanged_after_json_round_trip(live: Files, wanted: Files) -> None:
    made = Plan("local", (plan_stage("loki", live, wanted),))
    assert Plan.from_dict(made.to_dict()) == made
    assert Plan.from_dict(made.to_dict()).digest == made.digest


def test_stage_plan_lists_changes_of_processes_and_files() -> None:
    live = Files({"processes/loki": "a 1\nb 1\n", "loki/main.yaml": "x: 1\n"})
    wanted = Files({"processes/loki": "b 2\nc 1\n", "loki/main.yaml": "x: 2\n"})
    made = plan_stage("loki", live, wanted)
    assert made.actions == ("change loki/main.yaml", "start c", "restart b", "stop a")
    assert "-x: 1\n+x: 2" in made.diff


def test_dead_process_changes_plan_but_not_its_base_digest() -> None:
    running = Files({"processes/loki": "a 1\n", "loki/main.yaml": "x: 1\n"})
    dead = Files({"processes/loki": "", "loki/main.yaml": "x: 1\n"})
    assert plan_stage("loki", dead, running).changed
    assert plan_stage("loki", dead, running).base == plan_stage("loki", running, running).base


def test_program_digest_is_not_shown_in_diff() -> None:
    made = plan_stage(
        "loki",
        Files({"supervisor/loki.conf": 'environment=LOGOPS_DIGEST="1"\n'}),
        Files({"supervisor/loki.conf": 'environment=LOGOPS_DIGEST="2"\n'}),
    )
    assert made.changed
    assert made.diff == ""


def test_long_diff_is_truncated_with_note_of_more_lines() -> None:
    wanted = Files({"loki/main.yaml": "".join(f"line {n}\n" for n in range(1000))})
    stage = plan_stage("loki", Files({}), wanted)
    text = Plan("local", (stage,)).markdown(limit=500)
    shown = text.split("~~~~~~diff\n")[1].split("\n~~~~~~")[0]
    more = re.search(r"and (\d+) more lines", text)
    without_names = stage.diff.split("\n")[2:]

    assert len(text) < 800
    assert more is not None
    assert len(shown.split("\n")) + int(more[1]) == len(without_names)


def test_repeated_rollout_changes_nothing(platform: MemoryPlatform) -> None:
    roll_out(platform, "first", quiet)
    assert not plan(platform).changed
    result = roll_out(platform, "second", quiet)
    assert result.applied == ()
    assert [revision.owner for stage in STAGES for revision in platform.revisions(stage)] == ["first"] * len(STAGES)


def test_rollout_applies_stages_in_order(platform: MemoryPlatform) -> None:
    assert roll_out(platform, "run", quiet).applied == STAGES
    assert platform.did == [f"apply {stage}" for stage in STAGES]


def test_plan_contains_only_requested_stages_in_order(platform: MemoryPlatform) -> None:
    assert [stage.stage for stage in plan(platform, ("tenants", "loki")).stages] == ["loki", "tenants"]


def test_missing_live_files_of_an_applied_environment_are_not_a_first_rollout() -> None:
    platform = MemoryPlatform(LOCAL, rendered(LOCAL))
    roll_out(platform, "run", quiet)
    platform.at = {stage: Files({}) for stage in STAGES}
    promises = [str(change) for change in plan(platform).impact.promises]
    assert "main/application: kept unknown -> 90 d" in promises


def test_apply_is_refused_if_desired_digest_differs_from_approved_digest(platform: MemoryPlatform) -> None:
    approved = plan(platform)
    platform.wanted["loki"] = Files({"loki/file": "loki 2\n"})
    with pytest.raises(RolloutRefusedError, match=r"was approved\. Its file changed after the plan"):
        apply_stage(platform, approved, "loki", allowed(approved), "run", quiet)
    assert platform.did == []


def test_apply_of_stale_plan_is_refused(platform: MemoryPlatform) -> None:
    approved = plan(platform)
    platform.at["loki"] = Files({"loki/file": "edited by hand\n"})
    with pytest.raises(RolloutRefusedError, match="gone stale"):
        apply_stage(platform, approved, "loki", allowed(approved), "run", quiet)
    assert platform.did == []


def test_apply_after_interruption_resumes_stage(platform: MemoryPlatform) -> None:
    approved = plan(platform)
    platform.apply("loki", platform.wanted["loki"], "run", quiet)
    platform.at["loki"] = Files({"loki/file": "half"})
    assert apply_stage(platform, approved, "loki", allowed(approved), "run", quiet) is not None
    assert platform.live("loki") == platform.wanted["loki"]


def test_stage_already_in_desired_state_is_skipped(platform: MemoryPlatform) -> None:
    platform.at["loki"] = platform.wanted["loki"]
    planned = plan(platform)
    assert apply_stage(platform, planned, "loki", allowed(planned), "run", quiet) is None
    assert platform.did == []


def test_failed_stage_rolls_back_applied_stages_in_reverse_order(platform: MemoryPlatform) -> None:
    platform.breaks = {"agents"}
    result = roll_out(platform, "run", quiet)
    assert list(result.failures) == ["agents.apply"]
    assert "boom" in result.failures["agents.apply"]
    assert platform.did[3:] == ["roll back agents", "roll back loki", "roll back storage"]
    assert all(platform.live(stage) == Files({}) for stage in STAGES)


def test_failed_run_rolls_back_to_last_good_revision(platform: MemoryPlatform) -> None:
    roll_out(platform, "good", quiet)
    good = platform.live("loki")
    platform.wanted["loki"] = Files({"loki/file": "loki 2\n"})
    platform.breaks = {"loki"}
    result = roll_out(platform, "bad", quiet)
    assert result.rolled_back == {"loki": 1}
    assert platform.revisions("loki")[0].owner == "good"
    assert platform.live("loki") == good


def test_stage_with_failed_verification_is_rolled_back(
    platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_platform: object, stage: str, _progress: object) -> None:
        if stage == "tenants":
            raise VerificationError(
                stage, (VerificationResult("line-read-back", "main/application", False, "not read back"),)
            )

    monkeypatch.setattr(run_module, "verify_stage", fails)
    result = roll_out(platform, "run", quiet)
    assert (list(result.failures), len(result.rolled_back)) == (["tenants.verify"], 4)
    assert "line-read-back main/application: not read back" in result.failures["tenants.verify"]


def test_failed_rollback_is_reported_with_original_error(
    platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*_: object) -> None:
        raise PlatformError("starting azurite: FATAL")

    platform.breaks = {"loki"}
    monkeypatch.setattr(platform, "roll_back", stuck)
    result = roll_out(platform, "run", quiet)
    assert "boom" in result.failures["loki.apply"]
    assert result.failures["roll_back"] == "starting azurite: FATAL"


def test_interrupted_rollout_is_rolled_back_and_raises_interrupt_again(
    platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "verify_stage", interrupted)
    with pytest.raises(KeyboardInterrupt):
        roll_out(platform, "run", quiet)
    assert platform.live("storage") == Files({})
    assert platform.owner is None


def test_concurrent_rollout_is_refused_and_changes_nothing(platform: MemoryPlatform) -> None:
    platform.acquire_lease("first")
    with pytest.raises(LeaseHeldError):
        roll_out(platform, "second", quiet)
    assert platform.did == []


def test_rollout_says_that_it_takes_the_lease_of_a_dead_run_over(platform: MemoryPlatform) -> None:
    platform.acquire_lease("killed")
    platform.owner_is_dead = True
    lines: list[str] = []
    roll_out(platform, "second", lines.append)
    assert lines[0] == "Taking the lease over from killed."


def test_applied_stage_says_that_it_takes_the_lease_of_a_dead_run_over(platform: MemoryPlatform) -> None:
    platform.acquire_lease("killed")
    platform.owner_is_dead = True
    planned, lines = plan(platform), []
    apply_stage(platform, planned, "storage", allowed(planned), "second", lines.append)
    assert lines[0] == "Taking the lease over from killed."


@pytest.mark.parametrize("breaks", [set(), {"loki"}])
def test_rollout_releases_lease_after_success_and_failure(platform: MemoryPlatform, breaks: set[str]) -> None:
    platform.breaks = breaks  # type: ignore[assignment]
    roll_out(platform, "run", quiet)
    assert platform.owner is None


def test_rollback_includes_stage_that_dying_task_applies_during_rollback(
    platform: MemoryPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan(platform)
    apply_stage(platform, planned, "storage", allowed(planned), "run", quiet)
    put_back = platform.roll_back

    def waits_for_the_task(stage: Stage, owner: str, progress: Progress) -> Revision | None:
        if stage == "storage":
            platform.apply("loki", platform.wanted["loki"], "run", quiet)
        return put_back(stage, owner, progress)

    monkeypatch.setattr(platform, "roll_back", waits_for_the_task)
    undone = roll_back(platform, "run", quiet)

    assert undone == [("storage", None), ("loki", None)]
    assert platform.live("loki") == Files({})
    assert platform.owner is None


def test_rollback_of_run_without_applied_stages_changes_nothing(platform: MemoryPlatform) -> None:
    roll_out(platform, "good", quiet)
    before = list(platform.did)
    assert roll_back(platform, "other", quiet) == []
    assert platform.did == before


def test_rollback_of_run_without_lease_keeps_lease_of_other_run(platform: MemoryPlatform) -> None:
    platform.acquire_lease("first")
    assert roll_back(platform, "second", quiet) == []
    assert platform.owner == "first"


def test_rollout_whose_first_stage_is_refused_is_stopped_before_anything_changed(platform: MemoryPlatform) -> None:
    planned = plan(platform)
    platform.at["storage"] = Files({"storage/file": "edited\n"})
    result = run_rollout(platform, planned, allowed(planned), "run", quiet)
    assert result.headline == "local: stopped at storage.apply; nothing was changed"


def test_rollout_whose_second_stage_is_refused_is_failed_and_rolled_back(platform: MemoryPlatform) -> None:
    planned = plan(platform)
    platform.at["loki"] = Files({"loki/file": "edited\n"})
    result = run_rollout(platform, planned, allowed(planned), "run", quiet)
    assert result.headline == "local: the rollout failed at loki.apply; rolled back: storage"


def test_stage_is_refused_while_another_run_holds_the_lease(platform: MemoryPlatform) -> None:
    planned = plan(platform)
    platform.acquire_lease("another-run")
    with pytest.raises(RolloutRefusedError, match="another-run"):
        apply_stage(platform, planned, "storage", allowed(planned), "run", quiet)
