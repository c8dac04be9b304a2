"""Marks of a plan: shown first, and what of it refuses the rollout."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.environment import load_environment
from logops.findings.classes.rollout import FIELD_CONFLICT, FIELD_IMMUTABLE, POD_UNSCHEDULABLE
from logops.platforms.preview import Mark, ObjectDiff, Preview
from logops.render import STAGES, Files
from logops.rollout import (
    Acceptance,
    InvalidAcceptanceError,
    Plan,
    RolloutRefusedError,
    apply_stage,
    plan,
    refuse_plan,
    unattended,
)
from logops.rollout.text import counts, text_lines
from tests.support.fakes.memory_platform import MemoryPlatform

NOW = datetime(2026, 11, 29, 3, tzinfo=UTC)
LOCAL = load_environment(Path(__file__).parents[3] / "include/environments/local.yaml")
OBJECT = "StatefulSet monitoring/loki-ingester"
CONFLICT = Mark(FIELD_CONFLICT, OBJECT, f"{OBJECT}: kubectl-edit owns .spec.replicas.", "until accepted")
IMMUTABLE = Mark(FIELD_IMMUTABLE, OBJECT, f"{OBJECT}: Kubernetes never changes spec.serviceName.", "always")
PENDING = Mark(POD_UNSCHEDULABLE, OBJECT, f"{OBJECT}: the cluster has no node.")
DIFF = ObjectDiff("loki / ingester", OBJECT, "change", ("-spec.replicas: 3", "+spec.replicas: 4"))
ACCEPTED = (Acceptance("field-conflict", "agreed with the owner"),)


def platform_with(*marks: Mark, base: str = "live") -> MemoryPlatform:
    platform = MemoryPlatform(LOCAL, {stage: Files({}) for stage in STAGES})
    platform.previews["loki"] = Preview([DIFF], marks, base, "after", {OBJECT: "3 pods, one by one, by logops"})
    return platform


def planned(*marks: Mark, accepted: tuple[Acceptance, ...] = ()) -> Plan:
    return plan(platform_with(*marks), ["loki"], accepted=accepted, as_of=NOW)


def test_objects_that_change_alone_make_a_changed_plan() -> None:
    made = planned()

    assert made.changed
    assert made.stages[0].changes == (OBJECT,)
    assert counts(made) == "1 change, 0 starts, 1 restart, 0 deletions of files and objects"


def test_plan_shows_marks_first_then_components_then_settings() -> None:
    text = "\n".join(text_lines(planned(PENDING, CONFLICT), whole=True))
    parts = [
        "Look at this before you approve",
        "error field-conflict; not accepted, so the rollout is refused",
        "kubectl-edit owns .spec.replicas.",
        "warning pod-unschedulable",
        "What changes on the platform",
        "loki / ingester",
        f"change {OBJECT}: 2 lines",
        f"loki: restarts: {OBJECT} (3 pods, one by one, by logops)",
        f"loki / ingester: {OBJECT}: 1 line added, 1 removed",
        "-spec.replicas: 3",
    ]
    positions = [text.index(part) for part in parts]

    assert positions == sorted(positions)


def test_mark_that_needs_a_person_refuses_with_the_way_to_accept_it() -> None:
    with pytest.raises(RolloutRefusedError) as error:
        refuse_plan(planned(CONFLICT))

    assert str(error.value) == (
        f"rolling out 'local': refused because of 1 field-conflict. {CONFLICT.message} {FIELD_CONFLICT.remedy} Or "
        "accept it, with a reason that is recorded: `logops up local --accept field-conflict=REASON`, or in Airflow "
        "the parameter accept: `field-conflict: REASON`."
    )


def test_accepted_mark_does_not_refuse_and_shows_the_reason() -> None:
    made = planned(CONFLICT, accepted=ACCEPTED)
    refuse_plan(made)

    assert "error field-conflict; accepted: agreed with the owner" in "\n".join(text_lines(made, whole=True))


def test_immutable_field_refuses_whatever_is_accepted() -> None:
    with pytest.raises(RolloutRefusedError, match=r"refused because of 1 field-immutable\..*cannot be accepted\."):
        refuse_plan(replace(planned(CONFLICT, IMMUTABLE), accepted=ACCEPTED))


def test_acceptance_of_a_mark_that_cannot_be_accepted_is_refused() -> None:
    with pytest.raises(InvalidAcceptanceError, match="field-immutable"):
        planned(IMMUTABLE, accepted=(Acceptance("field-immutable", "because"),))


def test_mark_that_is_newer_than_the_plan_refuses_the_apply() -> None:
    platform = platform_with()
    made = plan(platform, ["loki"], as_of=NOW)
    platform.previews["loki"] = replace(platform.previews["loki"], marks=[CONFLICT])

    with pytest.raises(RolloutRefusedError, match="field-conflict"):
        apply_stage(platform, made, "loki", unattended(made, NOW, "terminal"), "run", print)
    assert platform.did == []


@pytest.mark.parametrize("changed", ["base", "digest"])
def test_objects_that_changed_after_the_plan_make_it_stale(changed: str) -> None:
    platform = platform_with()
    made = plan(platform, ["loki"], as_of=NOW)
    platform.previews["loki"] = replace(platform.previews["loki"], **{changed: "another"})

    with pytest.raises(RolloutRefusedError, match="the plan has gone stale"):
        apply_stage(platform, made, "loki", unattended(made, NOW, "terminal"), "run", print)


def test_changed_object_is_applied_although_no_file_changed() -> None:
    platform = platform_with()
    made = plan(platform, ["loki"], as_of=NOW)
    apply_stage(platform, made, "loki", unattended(made, NOW, "terminal"), "run", print)

    assert platform.did == ["apply loki"]


def test_plan_with_marks_is_unchanged_after_json() -> None:
    made = planned(CONFLICT, accepted=ACCEPTED)

    assert Plan.from_dict(made.to_dict()) == made
