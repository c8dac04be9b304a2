"""The plan of a rollout: for each stage, the difference between the live and the desired state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import unified_diff
from functools import cached_property
from typing import Any

from logops.platforms.platform import DeployablePlatform
from logops.render import STAGES, Files, Stage
from logops.render.files import digest_of


@dataclass(frozen=True)
class StagePlan:
    """The change of one stage, from `base` to `digest`."""

    stage: Stage
    base: str
    """Digest of the live configuration when the plan was made."""
    digest: str
    """Digest of the desired state."""
    changed: bool
    actions: tuple[str, ...]
    """One line per change, for a person to read first."""
    diff: str
    """Unified diff of the files; empty if only workloads differ."""


@dataclass(frozen=True)
class Plan:
    """The stages of one rollout, in order."""

    environment: str
    stages: tuple[StagePlan, ...]

    @property
    def changed(self) -> bool:
        return any(stage.changed for stage in self.stages)

    @cached_property
    def digest(self) -> str:
        """One digest for all stages. Two plans with the same digest make the same change to the same state."""
        return digest_of(*(part for plan in self.stages for part in (plan.stage, plan.base, plan.digest)))

    def of(self, stage: Stage) -> StagePlan | None:
        return next((plan for plan in self.stages if plan.stage == stage), None)

    def markdown(self, limit: int = 20_000) -> str:
        """Return the plan as Markdown, for approval. Diff lines beyond `limit` characters are counted, not shown."""
        if not self.changed:
            return f"**{self.environment}**: nothing to change."
        parts = [f"**{self.environment}**, plan `{self.digest[:12]}`"]
        room = limit
        for plan in self.stages:
            parts.append(f"### {plan.stage}\n" + "\n".join(f"- {action}" for action in plan.actions))
            if plan.diff:
                shown = plan.diff[:room]
                left = plan.diff[room:].count("\n")
                room -= len(shown)
                # A longer fence than any inside, so that a diff cannot end its own block.
                parts.append(f"~~~~~~diff\n{shown}\n~~~~~~" + (f"\n... and {left} more lines." if left else ""))
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Plan":
        """Read what `to_dict` returned, with or without the diffs."""
        stages = (
            StagePlan(**{"diff": "", **stage, "actions": tuple(stage.get("actions", ()))}) for stage in data["stages"]
        )
        return cls(data["environment"], tuple(stages))


def plan(platform: DeployablePlatform, stages: Sequence[Stage] = STAGES) -> Plan:
    """Compare the desired with the live state, stage by stage. Changes nothing."""
    desired = platform.desired()
    return Plan(
        platform.environment.name,
        tuple(plan_stage(stage, platform.live(stage), desired[stage]) for stage in STAGES if stage in stages),
    )


def plan_stage(stage: Stage, live: Files, desired: Files) -> StagePlan:
    """Return the change from the live to the desired state of a stage."""
    return StagePlan(
        stage=stage,
        base=base_digest(live),
        digest=desired.digest,
        changed=live != desired,
        actions=tuple(_actions(live, desired)) or ("nothing to change",),
        diff="\n".join(_diffs(live.configuration, desired.configuration)),
    )


def base_digest(live: Files) -> str:
    """Return the digest of the live configuration.

    Workloads do not count: one that starts or stops between plan and apply does not make the plan stale.
    """
    return live.configuration.digest


def _actions(live: Files, desired: Files) -> Iterator[str]:
    before, after = live.named_in_plans, desired.named_in_plans
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            verb = "add" if name not in before else "remove" if name not in after else "change"
            yield f"{verb} {name}"
    yield from _workload_actions(live.workloads, desired.workloads)


def _workload_actions(live: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[str]:
    for verb, names in (
        ("start", [name for name in desired if name not in live]),
        ("restart", [name for name in desired if name in live and live[name] != desired[name]]),
        ("stop", [name for name in live if name not in desired]),
    ):
        if names:
            yield f"{verb} {', '.join(names)}"


def _diffs(live: Files, desired: Files) -> Iterator[str]:
    for name in sorted({*live, *desired}):
        yield from unified_diff(
            live.reviewed_lines(name),
            desired.reviewed_lines(name),
            fromfile=f"live/{name}" if name in live else "/dev/null",
            tofile=f"desired/{name}" if name in desired else "/dev/null",
            lineterm="",
        )
