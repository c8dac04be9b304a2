"""What a rollout would change: for each stage the difference between what is live and what is wanted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import unified_diff
from functools import cached_property
from typing import Any

from logops.platforms.platform import Platform
from logops.render import STAGES, Files, Stage
from logops.render.files import digest_of

PROCESSES = "processes/"
"""Files that list what runs. A process that comes or goes between plan and apply does not make a plan stale."""


@dataclass(frozen=True)
class StagePlan:
    """One stage: from `base` to `digest`."""

    stage: Stage
    base: str
    """Digest of what was live, without its processes, when the plan was made."""
    digest: str
    """Digest of what is wanted: what an approval approves."""
    changed: bool
    actions: tuple[str, ...]
    """A line a change: what a person reads first."""
    diff: str
    """Unified diff of the files; empty where only processes differ."""


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
        """One digest for all stages: two plans with the same one do the same to the same."""
        return digest_of(*(part for plan in self.stages for part in (plan.stage, plan.base, plan.digest)))

    def of(self, stage: Stage) -> StagePlan | None:
        return next((plan for plan in self.stages if plan.stage == stage), None)

    def markdown(self, limit: int = 20_000) -> str:
        """The plan for a person who approves it; diffs beyond `limit` characters are counted, not shown."""
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
                # Longer than any fence inside, so that a diff cannot end its own block.
                parts.append(f"~~~~~~diff\n{shown}\n~~~~~~" + (f"\n... and {left} more lines." if left else ""))
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Plan":
        """What `to_dict` gave, with or without the diffs."""
        stages = (
            StagePlan(**{"diff": "", **stage, "actions": tuple(stage.get("actions", ()))}) for stage in data["stages"]
        )
        return cls(data["environment"], tuple(stages))


def plan(platform: Platform, stages: Sequence[Stage] = STAGES) -> Plan:
    """Compare what is wanted with what is live, stage by stage. Changes nothing."""
    desired = platform.desired()
    return Plan(
        platform.environment.name,
        tuple(plan_stage(stage, platform.live(stage), desired[stage]) for stage in STAGES if stage in stages),
    )


def plan_stage(stage: Stage, live: Files, desired: Files) -> StagePlan:
    """The way from one set of files to another."""
    return StagePlan(
        stage=stage,
        base=base_digest(live),
        digest=desired.digest,
        changed=live != desired,
        actions=tuple(_actions(live, desired)) or ("nothing to change",),
        diff="\n".join(_diffs(live, desired)),
    )


def base_digest(live: Files) -> str:
    """Digest of what is live, without the list of processes."""
    return Files({name: text for name, text in live.items() if not name.startswith(PROCESSES)}).digest


def _actions(live: Files, desired: Files) -> Iterator[str]:
    for name in sorted({*live, *desired}):
        if live.get(name) == desired.get(name):
            continue
        if name.startswith(PROCESSES):
            yield from _process_actions(_processes(live.get(name, "")), _processes(desired.get(name, "")))
        elif not name.startswith("supervisor/"):
            verb = "add" if name not in live else "remove" if name not in desired else "change"
            yield f"{verb} {name}"


def _process_actions(live: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[str]:
    for verb, names in (
        ("start", [name for name in desired if name not in live]),
        ("restart", [name for name in desired if name in live and live[name] != desired[name]]),
        ("stop", [name for name in live if name not in desired]),
    ):
        if names:
            yield f"{verb} {', '.join(names)}"


def _processes(text: str) -> dict[str, str]:
    """`NAME DIGEST` a line, as render writes them."""
    return dict(line.split(" ", 1) for line in text.splitlines())


def _diffs(live: Files, desired: Files) -> Iterator[str]:
    for name in sorted({*live, *desired}):
        if name.startswith(PROCESSES):
            continue
        before, after = _shown(live.get(name, "")), _shown(desired.get(name, ""))
        yield from unified_diff(
            before,
            after,
            fromfile=f"live/{name}" if name in live else "/dev/null",
            tofile=f"wanted/{name}" if name in desired else "/dev/null",
            lineterm="",
        )


def _shown(text: str) -> list[str]:
    """A program's digest changes whenever a file it reads does; the file's own diff says it better."""
    return [line for line in text.splitlines() if not (line.startswith("environment=") and "LOGOPS_DIGEST" in line)]
