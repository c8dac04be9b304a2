"""The plan of a rollout: the difference between live and desired state, what it means, and the findings about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import unified_diff
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from logops.platforms.platform import DeployablePlatform
from logops.platforms.preview import NO_PREVIEW, Preview
from logops.render import STAGES, Files, Stage
from logops.render.files import digest_of
from logops.rollout.acceptance import Acceptance, PlanFinding, judge, refuse_useless, unaccepted
from logops.rollout.cost import CostChange, long_run_cost
from logops.rollout.impact import NO_IMPACT, Impact, assess
from logops.rollout.known import KnownResults, read_known
from logops.rollout.marks import PlanMark, plan_mark, refusing
from logops.rollout.schema import NewPeriod, new_periods, schema_marks
from logops.toolchain import project_root
from logops.usage.prices import PricesError, load_prices

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.findings.store import ResultsStore


@dataclass(frozen=True)
class ObjectChange:
    """The change of one object of a cluster, in one line."""

    component: str
    object: str
    verb: str
    lines: int
    """Lines of its diff."""


@dataclass(frozen=True)
class StagePlan:
    """The change of one stage, from `base` to `digest`."""

    stage: Stage
    base: str
    """Digest of the live configuration and objects when the plan was made, and of what a dry run made of them."""
    digest: str
    """Digest of the desired state."""
    changed: bool
    actions: tuple[str, ...] = ()
    """One line per change, for a person to read first."""
    diff: str = ""
    """Unified diff of the files; empty if only workloads differ."""
    changes: tuple[str, ...] = ()
    """Files that are added or changed."""
    starts: tuple[str, ...] = ()
    """Workloads that are started together."""
    restarts: tuple[str, ...] = ()
    """Workloads that are restarted one after the other, in this order."""
    removals: tuple[str, ...] = ()
    """Files and objects that are removed, and workloads that are stopped for good."""
    objects: tuple[ObjectChange, ...] = ()
    """Objects of a Kubernetes cluster that change, by component."""


@dataclass(frozen=True)
class Plan:
    """The stages of one rollout, in order, and what they mean for people."""

    environment: str
    stages: tuple[StagePlan, ...]
    impact: Impact = NO_IMPACT
    cost: CostChange | None = None
    """None: no stored logs change their retention or tier, or the cost is unknown (`unpriced`)."""
    unpriced: str = ""
    """Why the cost is unknown, and what to do; empty if it is known or does not change."""
    findings: tuple[PlanFinding, ...] = ()
    """Findings of `logops check`, worst first."""
    gone: tuple[str, ...] = ()
    """Findings of the last rollout that are gone: class and subject."""
    compared_with: datetime | None = None
    """Time of the rollout with which the findings are compared; None if none recorded its findings."""
    accepted: tuple[Acceptance, ...] = ()
    """Findings and marks that a person accepts."""
    marks: tuple[PlanMark, ...] = ()
    """What a person must know before approval."""
    new_periods: tuple[NewPeriod, ...] = ()
    """Schema periods that begin in the future."""
    made_at: datetime | None = None

    @property
    def changed(self) -> bool:
        return any(stage.changed for stage in self.stages)

    @cached_property
    def digest(self) -> str:
        """One digest for all stages and accepted findings.

        Two plans with the same digest make the same change to the same state, and accept the same for the same reasons.
        """
        accepted = [part for acceptance in self.accepted for part in (acceptance.cls, acceptance.reason)]
        return digest_of(*(part for plan in self.stages for part in (plan.stage, plan.base, plan.digest)), *accepted)

    def of(self, stage: Stage) -> StagePlan | None:
        return next((plan for plan in self.stages if plan.stage == stage), None)

    @property
    def unaccepted(self) -> tuple[PlanFinding | PlanMark, ...]:
        """The critical findings and the marks that refuse this plan."""
        return (*unaccepted(self.findings, self.accepted), *refusing(self.marks, self.accepted))

    def markdown(self, limit: int = 20_000) -> str:
        """Return the plan as Markdown, for approval. Diff lines beyond `limit` characters are counted, not shown."""
        from logops.rollout.text import markdown

        return markdown(self, limit)

    @property
    def passes_check(self) -> bool:
        """Whether the findings pass as `logops check` judges, apart from those that are accepted."""
        names = {acceptance.cls for acceptance in self.accepted}
        return not any(finding.fails_check and finding.cls not in names for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        data: dict[str, Any] = _ADAPTER.dump_python(self, mode="json", by_alias=True)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Plan":
        """Read what `to_dict` returned, with or without the diffs, by this version or an earlier one."""
        return _ADAPTER.validate_python(data)


_ADAPTER = TypeAdapter(Plan)


def plan(
    platform: DeployablePlatform,
    stages: Sequence[Stage] = STAGES,
    *,
    store: "ResultsStore | None" = None,
    accepted: Sequence[Acceptance] = (),
    as_of: datetime | None = None,
) -> Plan:
    """Compare the desired with the live state, stage by stage, and say what it means. Changes nothing.

    store      results of earlier audits and rollouts; None: deleted chunks are not counted
    accepted   findings that a person accepts
    as_of      time at which findings and expiry are judged; default: now

    Raises InvalidAcceptanceError if a class is accepted that has no critical finding and no error.
    """
    environment, as_of = platform.environment, as_of or datetime.now(UTC)
    desired = platform.desired()
    live = {stage: platform.live(stage) for stage in STAGES if stage in stages or stage in _PROMISING}
    previews = {stage: platform.preview(stage, desired[stage]) for stage in STAGES if stage in stages}
    stage_plans = tuple(plan_stage(stage, live[stage], desired[stage], previews[stage]) for stage in previews)
    before = _texts(live)
    after = _texts({stage: desired[stage] if stage in stages else live[stage] for stage in live})
    marks = (
        *(plan_mark(mark, "loki", environment.name) for mark in schema_marks(before, after, as_of)),
        *(plan_mark(mark, stage, environment.name) for stage in previews for mark in previews[stage].marks),
    )
    findings = judge(environment, as_of)
    refuse_useless(environment.name, findings, marks, accepted)
    known = read_known(store, environment) if store else KnownResults()
    cost, unpriced = _cost(environment, before, after, known)
    return Plan(
        environment.name,
        stage_plans,
        assess(
            before,
            after,
            known.held,
            known.uncounted,
            as_of,
            live_is_lost=any(_is_lost(platform, stage, live[stage]) for stage in ("loki", "tenants")),
        ),
        cost,
        unpriced,
        tuple(finding.compared(known.findings) for finding in findings),
        tuple(sorted((known.findings or frozenset()) - {finding.identity for finding in findings})),
        known.rolled_out_at,
        tuple(accepted),
        marks,
        tuple(new_periods(before, after, as_of)),
        as_of,
    )


_PROMISING: tuple[Stage, ...] = ("storage", "loki", "agents", "tenants")
"""The stages whose files hold what is promised to the owners of logs."""


def _texts(stages: Mapping[Stage, Files]) -> dict[str, str]:
    return {name: text for stage in _PROMISING for name, text in stages[stage].items()}


def _is_lost(platform: DeployablePlatform, stage: Stage, live: Files) -> bool:
    """Whether a stage has no live files, although the last rollout of it left some."""
    revisions = platform.revisions(stage)
    return not live.named_in_plans and bool(revisions) and revisions[-1].digest != Files({}).digest


def _cost(
    environment: "Environment", live: Mapping[str, str], desired: Mapping[str, str], known: KnownResults
) -> tuple[CostChange | None, str]:
    """Return how the cost changes, or why that is unknown."""
    if known.held is None or live == desired:
        return None, ""
    redundancy = {
        name: environment.storage_accounts[cluster.storage_account].redundancy
        for name, cluster in environment.clusters.items()
    }
    if environment.prices is None:
        return None, "The environment names no prices. Add `prices: NAME`, of a file in include/prices."
    try:
        prices = load_prices(project_root(), environment.prices)
        return long_run_cost(live, desired, known.held, redundancy, prices), ""
    except PricesError as error:
        return None, str(error)


def plan_stage(stage: Stage, live: Files, desired: Files, preview: Preview = NO_PREVIEW) -> StagePlan:
    """Return the change from the live to the desired state of a stage, and of the objects that it leads to."""
    before, after = live.named_in_plans, desired.named_in_plans
    changes = tuple(name for name in after if before.get(name) != after[name])
    removed = tuple(name for name in before if name not in after)
    starts = tuple(name for name in desired.workloads if name not in live.workloads)
    restarts = tuple(name for name, digest in desired.workloads.items() if live.workloads.get(name, digest) != digest)
    stops = tuple(name for name in live.workloads if name not in desired.workloads)
    lines = [
        *sorted(
            [
                *(f"{'change' if name in before else 'add'} {name}" for name in changes),
                *(f"remove {name}" for name in removed),
            ],
            key=lambda line: line.split(" ", 1)[1],
        ),
        *(
            f"{verb} {', '.join(names)}"
            for verb, names in (("start", starts), ("restart", restarts), ("stop", stops))
            if names
        ),
    ]
    lines += [f"{diff.verb} {diff.name}" for diff in preview.diffs]
    by_verb = {
        verb: [diff.object for diff in preview.diffs if diff.verb == verb] for verb in ("add", "change", "remove")
    }
    texts = [*differences(live, desired).values(), *(diff.unified for diff in preview.diffs)]
    return StagePlan(
        stage=stage,
        base=base_digest(live, preview),
        digest=desired.digest,
        changed=live != desired or preview.changed,
        actions=tuple(lines) or ("nothing to change",),
        diff="\n".join(line for text in texts for line in text),
        changes=(*changes, *by_verb["add"], *by_verb["change"]),
        starts=starts,
        restarts=(*restarts, *(f"{name} ({how})" for name, how in preview.restarts.items())),
        removals=(*removed, *stops, *by_verb["remove"]),
        objects=tuple(ObjectChange(diff.component, diff.object, diff.verb, len(diff.lines)) for diff in preview.diffs),
    )


def base_digest(live: Files, preview: Preview = NO_PREVIEW) -> str:
    """Return the digest of the live configuration, and of the dry run of its objects.

    Workloads do not count: one that starts or stops between plan and apply does not make the plan stale.
    """
    digest = live.configuration.digest
    return digest_of(digest, preview.base, preview.digest) if preview.base else digest


def differences(live: Files, desired: Files) -> dict[str, list[str]]:
    """Return a unified diff of each file that differs, then of the settings of each process that runs before and after.

    The key of a file is its name. The key of a process is `process NAME`.
    """
    before, after = live.named_in_plans, desired.named_in_plans
    files = {
        name: list(
            unified_diff(
                before.get(name, "").splitlines(),
                after.get(name, "").splitlines(),
                fromfile=f"live/{name}" if name in before else "/dev/null",
                tofile=f"desired/{name}" if name in after else "/dev/null",
                lineterm="",
            )
        )
        for name in sorted({*before, *after})
    }
    settings = {
        f"process {name}": list(
            unified_diff(
                live.settings[name],
                desired.settings[name],
                fromfile=f"live/process {name}",
                tofile=f"desired/process {name}",
                lineterm="",
                n=0,
            )
        )
        for name in sorted(live.settings.keys() & desired.settings.keys())
    }
    return {name: lines for name, lines in {**files, **settings}.items() if lines}
