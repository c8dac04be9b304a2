"""What was changed on the platform, by whom, and how did it end? The newest rollouts with their plans and diffs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from logops.alerts.audience import text_audience
from logops.environment import Environment
from logops.findings.store import ResultsStore
from logops.number_text import age_text
from logops.report.section import Mark, Section, Shown, render
from logops.rollout.approval import AIRFLOW
from logops.rollout.past import PastRollout, read_past, with_plans
from logops.rollout.plan import Plan, StagePlan
from logops.rollout.record import RolloutOutcome
from logops.rollout.text import Block, FileDiff, blocks, counts, file_diffs

ID = "rollouts"
TITLE = "Rollouts"
MAX_ROLLOUTS = 20
MAX_LINES_OF_FILE = 120
MAX_LINES = 1_200
"""Lines of diffs on the page, the newest first."""
ONLY_SECURITY = "This message is shown only to readers of security clusters."
_FAILED = (RolloutOutcome.FAILED, RolloutOutcome.INTERRUPTED, RolloutOutcome.STOPPED)


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout, as readers of security clusters and as all others see it."""

    whole: PastRollout
    standard: PastRollout | None
    """None: it only changed security clusters."""


@dataclass(frozen=True, slots=True)
class Rollouts:
    """The newest rollouts of an environment, newest first."""

    environment: str
    now: datetime
    rollouts: tuple[Rollout, ...]


def read(store: ResultsStore, environment: Environment, now: datetime) -> Rollouts:
    """Return the newest rollouts. Raises StoreUnreachableError."""
    past = with_plans(store, environment.name, read_past(store, environment.name, now, MAX_ROLLOUTS))
    return Rollouts(
        environment.name, now, tuple(Rollout(rollout, standard_part(rollout, environment)) for rollout in past)
    )


def section(data: Rollouts, shown: Shown) -> Section:
    """Return the section about what a reader may see of the rollouts."""
    visible = [rollout.whole if "security" in shown else rollout.standard for rollout in data.rollouts]
    past = [rollout for rollout in visible if rollout is not None]
    mark, summary = _answer(past, data)
    body = render("rollouts.html", environment=data.environment, now=data.now, rollouts=_entries(past))
    return Section(ID, TITLE, summary, body, mark)


def standard_part(rollout: PastRollout, environment: Environment) -> PastRollout | None:
    """Return a rollout without everything that names a security cluster; None: nothing of its plan is left."""

    def kept(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(text for text in texts if text_audience([text], environment) == "standard")

    plan = standard_plan(rollout.plan, environment) if rollout.plan else None
    if rollout.plan and not (plan and plan.changed):
        return None
    return replace(
        rollout,
        plan=plan,
        accepted=kept(rollout.accepted),
        failures={step: message if kept([message]) else ONLY_SECURITY for step, message in rollout.failures.items()},
    )


def standard_plan(plan: Plan, environment: Environment) -> Plan:
    """Return the part of a plan that names no security cluster. Costs are of all clusters, so they are left out."""

    def is_standard(*texts: str) -> bool:
        return text_audience(texts, environment) == "standard"

    def kept(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if is_standard(name))

    def stage_part(stage: StagePlan) -> StagePlan:
        diffs = [diff for diff in file_diffs(Plan(plan.environment, (stage,))) if is_standard(diff.name, *diff.lines)]
        changes = tuple(name for name in stage.changes if name in {diff.name for diff in diffs})
        starts, restarts, removals = kept(stage.starts), kept(stage.restarts), kept(stage.removals)
        return replace(
            stage,
            changed=bool(changes or starts or restarts or removals),
            actions=kept(stage.actions),
            diff="\n".join(_diff_text(diff) for diff in diffs),
            changes=changes,
            starts=starts,
            restarts=restarts,
            removals=removals,
        )

    impact = plan.impact
    return replace(
        plan,
        stages=tuple(map(stage_part, plan.stages)),
        impact=replace(
            impact,
            promises=tuple(change for change in impact.promises if is_standard(str(change))),
            uncounted=" ".join(kept([impact.uncounted])),
        ),
        cost=None,
        unpriced="",
        findings=tuple(
            finding for finding in plan.findings if is_standard(finding.subject, finding.message, finding.remedy)
        ),
        gone=kept(plan.gone),
        accepted=tuple(acceptance for acceptance in plan.accepted if is_standard(str(acceptance))),
    )


@dataclass(frozen=True, slots=True)
class ShownDiff:
    """The diff of a file, as far as it is shown."""

    summary: str
    lines: tuple[str, ...]
    left: int
    """Lines that are not shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A rollout as the template shows it."""

    rollout: PastRollout
    mark: Mark
    headline: str
    approval: str
    airflow_path: str
    """Path of the run in Airflow; empty: it was a rollout at a terminal."""
    stages: tuple[tuple[str, str], ...]
    """Each changed stage and its result."""
    counts: str
    blocks: tuple[Block, ...]
    diffs: tuple[ShownDiff, ...]


def _entries(past: Sequence[PastRollout]) -> list[Entry]:
    entries = []
    room = MAX_LINES
    for rollout in past:
        plan = rollout.plan
        diffs = []
        for diff in file_diffs(plan) if plan else ():
            # As in the plan itself: a file that is added or removed as a whole needs no lines.
            lines = () if diff.is_one_sided else diff.lines[: min(room, MAX_LINES_OF_FILE)]
            room -= len(lines)
            diffs.append(ShownDiff(diff.summary, lines, 0 if diff.is_one_sided else len(diff.lines) - len(lines)))
        entries.append(
            Entry(
                rollout=rollout,
                mark=_mark(rollout),
                headline=_headline(rollout),
                approval=approval_text(rollout),
                airflow_path="" if rollout.run.startswith("terminal-") else f"dags/rollout/runs/{quote(rollout.run)}",
                stages=tuple(_stages(rollout)),
                counts=counts(plan) if plan else "",
                blocks=tuple(blocks(plan)) if plan else (),
                diffs=tuple(diffs),
            )
        )
    return entries


def approval_text(rollout: PastRollout) -> str:
    """Return who approved a rollout, when and where."""
    if not rollout.approver:
        return "" if rollout.outcome is RolloutOutcome.NOTHING_TO_CHANGE else "Nobody was asked for approval."
    where = "in Airflow" if rollout.approved_via == AIRFLOW else "at a terminal"
    when = f", {rollout.approved_at:%Y-%m-%d %H:%M} UTC" if rollout.approved_at else ""
    return f"Approved by {rollout.approver} {where}{when}."


def _answer(past: Sequence[PastRollout], data: Rollouts) -> tuple[Mark, str]:
    """Return how the newest rollout ended, in one sentence."""
    if not past:
        return "unknown", "No rollout is recorded."
    newest = past[0]
    age = age_text((data.now - newest.as_of).total_seconds())
    by = f", approved by {newest.approver}" if newest.approver else ""
    return _mark(newest), f"The newest rollout, {age} ago: {_headline(newest)}{by}."


def _mark(rollout: PastRollout) -> Mark:
    return "error" if rollout.outcome in _FAILED else "ok"


def _headline(rollout: PastRollout) -> str:
    """Return how a rollout ended and what it changed, in a few words."""
    if rollout.outcome in _FAILED:
        steps = ", ".join(rollout.failures) or "a task that did not run"
        back = f", {', '.join(rollout.rolled_back)} rolled back" if rollout.rolled_back else ""
        return f"{rollout.outcome} at {steps}{back}"
    return f"{rollout.outcome}: {', '.join(rollout.applied)}" if rollout.applied else str(rollout.outcome)


def _stages(rollout: PastRollout) -> Iterable[tuple[str, str]]:
    """Yield each stage that the rollout changed, or failed at, with its result."""
    failed = {step.split(".")[0]: step for step in rollout.failures if "." in step}
    for stage in dict.fromkeys([*rollout.applied, *failed]):
        if stage in failed:
            result = "verification failed" if failed[stage].endswith(".verify") else "could not be applied"
        else:
            result = "applied and verified"
        yield stage, f"{result}, then rolled back" if stage in rollout.rolled_back else result


def _diff_text(diff: FileDiff) -> str:
    """Return the diff of a file with the two lines that name it."""
    return "\n".join((f"--- live/{diff.name}", f"+++ desired/{diff.name}", *diff.lines))
