"""Critical findings refuse a rollout at every entry point, unless they are accepted by name and with a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from logops.environment import Environment
from logops.render import STAGES, Files
from logops.render.files import digest_of
from logops.rollout import (
    Acceptance,
    InvalidAcceptanceError,
    Plan,
    RolloutRefusedError,
    apply_stage,
    plan,
    read_acceptances,
    refuse_plan,
    run_rollout,
    unattended,
)
from logops.rollout import run as run_module
from logops.rollout.approval import TERMINAL
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
SHORT: tuple[str, Any] = ("clusters.main.tenants.application.retention.keep", "60d")
ACCEPTED = (Acceptance("retention-short", "the data protection officer asked"),)


def platform_of(wanted: Environment) -> MemoryPlatform:
    return MemoryPlatform(wanted, {stage: Files({f"{stage}/file": "1\n"}) for stage in STAGES})


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> MemoryPlatform:
    """A platform whose environment keeps logs shorter than promised."""
    monkeypatch.setattr(run_module, "verify_stage", lambda *_: ())
    return platform_of(environment("local", SHORT))


@pytest.mark.parametrize("text", ["retention-short=why not", "retention-short: why not", "  retention-short :why not "])
def test_acceptance_is_read_from_class_and_reason(text: str) -> None:
    assert read_acceptances([text, ""]) == (Acceptance("retention-short", "why not"),)


@pytest.mark.parametrize("text", ["retention-short", "retention-short=", "retention-short: ", "Retention Short: why"])
def test_acceptance_without_class_or_reason_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidAcceptanceError, match=r"is not a finding class with a reason\. Write CLASS=REASON"):
        read_acceptances([text])


def test_class_accepted_twice_is_refused() -> None:
    with pytest.raises(InvalidAcceptanceError, match="retention-short is accepted twice"):
        read_acceptances(["retention-short=a", "retention-short=b"])


def test_plan_has_the_findings_of_check(platform: MemoryPlatform) -> None:
    planned = plan(platform, as_of=NOON)
    assert [(finding.cls, finding.severity) for finding in planned.findings] == [
        ("retention-short", "critical"),
        ("agent-end-of-life", "warning"),
    ]


def test_plan_with_critical_finding_is_refused_with_class_and_remedy(platform: MemoryPlatform) -> None:
    with pytest.raises(RolloutRefusedError) as refused:
        refuse_plan(plan(platform, as_of=NOON))
    assert str(refused.value) == (
        "rolling out 'local': refused because of critical findings: 1 retention-short. "
        "clusters.main.tenants.application.retention.keep deletes logs after 60 days, but 90 days are promised. "
        "Correct the environment file; `logops check local` lists the findings. Or accept them by name, with a reason "
        "that is recorded: `logops up local --accept retention-short=REASON`, or in Airflow the parameter accept: "
        "`retention-short: REASON`."
    )


def test_plan_without_changes_is_not_refused(platform: MemoryPlatform) -> None:
    platform.at = dict(platform.wanted)
    refuse_plan(plan(platform, as_of=NOON))


def test_accepted_plan_is_not_refused(platform: MemoryPlatform) -> None:
    refuse_plan(plan(platform, accepted=ACCEPTED, as_of=NOON))


def test_acceptance_of_class_without_finding_is_refused_with_the_classes(platform: MemoryPlatform) -> None:
    with pytest.raises(InvalidAcceptanceError, match=r"of this class\. There are .*: retention-short\."):
        plan(platform, accepted=[Acceptance("retention-shrt", "typo")], as_of=NOON)


def test_warning_does_not_refuse_a_plan() -> None:
    planned = plan(platform_of(environment("local")), as_of=NOON)
    assert [finding.severity for finding in planned.findings] == ["warning"]
    refuse_plan(planned)


def test_error_does_not_refuse_a_plan_but_fails_it_as_check_does() -> None:
    planned = plan(platform_of(environment("local", ("clusters.main.replication_factor", 5))), as_of=NOON)
    refuse_plan(planned)
    assert not planned.passes_check
    assert replace(planned, accepted=(Acceptance("replication-above-ingesters", "for a test"),)).passes_check


def test_acceptance_changes_the_digest_of_the_plan(platform: MemoryPlatform) -> None:
    plain, accepted = plan(platform, as_of=NOON), plan(platform, accepted=ACCEPTED, as_of=NOON)
    assert plain.digest != accepted.digest
    assert accepted.digest != replace(accepted, accepted=(Acceptance("retention-short", "another reason"),)).digest


# No entry point can go around it.


def test_rollout_of_unaccepted_plan_changes_nothing(platform: MemoryPlatform) -> None:
    planned = plan(platform, as_of=NOON)
    with pytest.raises(RolloutRefusedError, match="1 retention-short"):
        run_rollout(platform, planned, unattended(planned, NOON, TERMINAL), "run", print)
    assert (platform.did, platform.owner) == ([], None)


def test_stage_of_unaccepted_plan_is_not_applied(platform: MemoryPlatform) -> None:
    planned = plan(platform, as_of=NOON)
    with pytest.raises(RolloutRefusedError, match="1 retention-short"):
        apply_stage(platform, planned, "loki", unattended(planned, NOON, TERMINAL), "run", print)
    assert platform.did == []


def test_plan_with_removed_findings_is_refused_at_apply(platform: MemoryPlatform) -> None:
    forged = replace(plan(platform, as_of=NOON), findings=())
    with pytest.raises(RolloutRefusedError, match="1 retention-short"):
        apply_stage(platform, forged, "loki", unattended(forged, NOON, TERMINAL), "run", print)


def test_environment_that_becomes_critical_after_its_plan_is_refused() -> None:
    platform = platform_of(environment("local"))
    planned = plan(platform, as_of=NOON)
    platform.environment = environment("local", SHORT)
    with pytest.raises(RolloutRefusedError, match="1 retention-short"):
        apply_stage(platform, planned, "loki", unattended(planned, NOON, TERMINAL), "run", print)
    assert platform.did == []


def test_accepted_plan_is_rolled_out(platform: MemoryPlatform) -> None:
    planned = plan(platform, accepted=ACCEPTED, as_of=NOON)
    assert run_rollout(platform, planned, unattended(planned, NOON, TERMINAL), "run", print).applied == STAGES


def test_accepted_plan_keeps_its_reason_in_json(platform: MemoryPlatform) -> None:
    planned = plan(platform, accepted=ACCEPTED, as_of=NOON)
    assert Plan.from_dict(planned.to_dict()) == planned


def test_plan_of_an_earlier_version_is_read_with_the_same_digest() -> None:
    stage = {"stage": "loki", "base": "b1", "digest": "d1", "changed": True, "actions": ["change loki/main.yaml"]}
    read = Plan.from_dict({"environment": "local", "stages": [stage], "digest": "of then", "changed": True})
    assert read.digest == digest_of("loki", "b1", "d1")
    assert (read.findings, read.accepted, read.stages[0].actions) == ((), (), ("change loki/main.yaml",))
