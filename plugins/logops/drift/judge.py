"""Turn the observed system into findings. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import yaml

from logops.clients.loki.values import same_value
from logops.drift.evidence import counts, shown, sides
from logops.drift.form_address import form_path
from logops.drift.observed import Observed, StageState
from logops.drift.prometheus_rules import difference, differing
from logops.drift.running import Process
from logops.drift.whose import account_of, cluster_of_account, cluster_of_file, cluster_of_process
from logops.environment import Environment
from logops.findings import Evidence, Finding, FindingClass, Subject
from logops.findings.classes.drift import (
    AGENT_DRIFT,
    CONFIG_DRIFT,
    CONTAINER_PUBLIC,
    LIMIT_NOT_EFFECTIVE,
    RULE_DRIFT,
    STORAGE_ACCOUNT_DRIFT,
    VERSION_SKEW,
)
from logops.findings.classes.rollout import CHECK_INCOMPLETE, ROLE_MISSING, TERRAFORM_FIRST
from logops.masking import masked
from logops.number_text import count_text
from logops.platforms.platform import MISSING
from logops.platforms.preview import NO_PREVIEW
from logops.render import STAGES, Files, Stage
from logops.rollout.plan import differences, plan_stage
from logops.rollout.settings import Setting, differing_settings, value_text

_MOST_SETTINGS = 20
_MOST_RULES = 5
_MOST_UNREAD = 5
_WRITTEN_AT_ONCE = timedelta(seconds=30)
"""A rollout writes its files a moment after its revision."""
NOT_ROLLED_OUT = "not rolled out"
"""Cause: the environment file, or logops, changed after the last rollout."""
_CLASSES: Mapping[Stage, FindingClass] = {"agents": AGENT_DRIFT, "rules": RULE_DRIFT}


@dataclass(frozen=True)
class Context:
    """The values that every judgement needs."""

    environment: Environment
    observed: Observed
    desired: Mapping[Stage, Files]
    versions: Mapping[str, str]
    """Program -> the version that this version of logops deploys."""
    as_of: datetime

    def finding(
        self,
        cls: FindingClass,
        stage: Stage,
        message: str,
        evidence: Evidence,
        *,
        remedy: str = "",
        **subject: str,
    ) -> Finding:
        """Return a finding, with the address of the form that rolls its stage out as evidence."""
        name = self.environment.name
        state = self.observed.stages.get(stage)
        rolled_out = (
            {
                "rolled_out_by": state.revision.owner,
                "rolled_out_at": state.revision.applied_at.isoformat(timespec="seconds"),
            }
            if state
            else {}
        )
        return Finding(
            cls,
            Subject(environment=name, **subject),
            message,
            self.as_of,
            {
                "stage": stage,
                **rolled_out,
                "rollout_form": form_path(name, [stage]),
                **evidence,
            },
            remedy or self._remedy(cls, stage, subject.get("path", ""), evidence.get("cause")),
        )

    def _remedy(self, cls: FindingClass, stage: Stage, path: str, cause: object) -> str:
        """Return what to do about a difference of a file; an empty text for the remedy of the class."""
        if cls not in (CONFIG_DRIFT, AGENT_DRIFT, RULE_DRIFT, STORAGE_ACCOUNT_DRIFT):
            return ""
        about = f" --path {path}" if path and " " not in path else ""
        source = "include/logql/rules" if stage == "rules" else f"include/environments/{self.environment.name}.yaml"
        roll_out = f"`logops up ENV --stage {stage}`, or trigger the DAG `rollout` with the stage {stage}"
        steps = (
            f"Roll the change out: {roll_out}. If it is not meant, correct {source}."
            if cause == NOT_ROLLED_OUT
            else f"To go back to what is declared: {roll_out}. To keep the change: write it into {source} first, then "
            "roll out."
        )
        return (
            f"{steps} To leave it for some days: `logops findings accept ENV {cls.name}{about} --for 7d --why REASON`."
        )


def judged(context: Context) -> list[Finding]:
    """Return every difference, and what could not be compared."""
    if context.observed.is_stopped:
        return [_stopped(context)]
    return [finding for judge in JUDGES for finding in judge(context)]


def _stopped(context: Context) -> Finding:
    name, count = context.environment.name, len(context.observed.statuses)
    return Finding(
        CHECK_INCOMPLETE,
        Subject(environment=name),
        f"{name} is stopped: none of its {count_text(count, 'process')} runs. Nothing was compared.",
        context.as_of,
        remedy=f"Start it: `logops up {name}`. If it should stay stopped, pause the DAG `drift_watch`.",
    )


def changed_files(context: Context) -> Iterator[Finding]:
    """Yield the files and rules that differ from those that the environment file renders."""
    for stage, state in context.observed.stages.items():
        for name, lines in differences(state.live, state.desired).items():
            if name.startswith("process "):
                continue
            message, changed = _said_of_file(name, lines, state)
            yield context.finding(
                _CLASSES.get(stage, CONFIG_DRIFT),
                stage,
                message,
                {**changed, "diff": shown(lines)},
                cluster=cluster_of_file(context.environment, name, state.live, state.desired),
                tenant=PurePosixPath(name).parts[2] if stage == "rules" else "",
                path=name,
            )


def _said_of_file(name: str, lines: Sequence[str], state: StageState) -> tuple[str, dict[str, str]]:
    """Return what happened to a file, and who changed it as evidence."""
    live, applied = state.live.get(name), state.applied.get(name)
    rollout = f"the rollout {state.revision.owner} ({state.revision.applied_at:%Y-%m-%d %H:%M} UTC)"
    if live == applied:
        return (
            f"{name} is as {rollout} left it, and the environment file renders something else now: {counts(lines)}. "
            "The change was not rolled out.",
            {"cause": NOT_ROLLED_OUT},
        )
    change = state.changes.get(name)
    who = ""
    changed: dict[str, str] = {"cause": "changed by hand"}
    if change and change.at > state.revision.applied_at + _WRITTEN_AT_ONCE:
        who = f" Last written by {change.who}, {change.at:%Y-%m-%d %H:%M:%S} UTC."
        changed |= {"changed_by": change.who, "changed_at": change.at.isoformat(timespec="seconds")}
    if missing := _missing_containers(live, state.desired.get(name)):
        names = ", ".join(missing)
        return f"{name}: {names} does not exist in the storage account. {rollout} had created it.", changed
    if live is None:
        return f"{name} is missing: somebody removed it after {rollout}.", changed
    what = "is not declared, and was added" if name not in state.desired else "was changed"
    return f"{name} {what} after {rollout}: {counts(lines)}.{who}", changed


def _missing_containers(live: str | None, desired: str | None) -> list[str]:
    declared, existing = _mapping(desired).get("containers"), _mapping(live).get("containers")
    if not isinstance(declared, list) or not isinstance(existing, list):
        return []
    return [str(container) for container in declared if container not in existing]


def changed_objects(context: Context) -> Iterator[Finding]:
    """Yield the objects of a cluster that somebody changed, added to or deleted after the last rollout."""
    for stage, preview in context.observed.objects.items():
        state = context.observed.stages.get(stage)
        if state is None:
            continue
        rollout = f"the rollout {state.revision.owner} ({state.revision.applied_at:%Y-%m-%d %H:%M} UTC)"
        for diff in preview.diffs:
            if account_of(diff.object):
                continue
            owners = " ".join(mark.message for mark in preview.marks if mark.subject == diff.object)
            what = "is missing: somebody deleted it" if diff.verb == "add" else f"was changed: {counts(diff.lines)}"
            yield context.finding(
                _CLASSES.get(stage, CONFIG_DRIFT),
                stage,
                f"{diff.object} {what}, after {rollout}. {owners}".rstrip(),
                {"cause": "changed by hand", "diff": shown(diff.unified)},
                path=diff.object,
            )


def changed_accounts(context: Context) -> Iterator[Finding]:
    """Yield the parts of storage accounts that are not as declared, and accounts that Loki may not use."""
    preview = context.observed.objects.get("storage", NO_PREVIEW)
    for diff in preview.diffs:
        if account := account_of(diff.object):
            declared = context.environment.storage_accounts[account]
            part = diff.object.partition("/")[2]
            what = f"{part.replace('_', ' ')}: {sides(diff.lines)}." if part else "it does not exist."
            yield context.finding(
                STORAGE_ACCOUNT_DRIFT,
                "storage",
                f"Storage account {declared.account_name} is not as declared. {what[0].upper()}{what[1:]}",
                {"cause": "changed by hand", "account": declared.account_name, "diff": shown(diff.unified)},
                remedy=TERRAFORM_FIRST.remedy if declared.managed_by == "terraform" else "",
                cluster=cluster_of_account(context.environment, account),
                path=f"storage_accounts.{account}.{part}".rstrip("."),
            )
    for mark in preview.marks:
        if mark.cls is ROLE_MISSING:
            account = account_of(mark.subject)
            yield context.finding(
                ROLE_MISSING,
                "storage",
                mark.message,
                {"account": context.environment.storage_accounts[account].account_name},
                cluster=cluster_of_account(context.environment, account),
                path=f"storage_accounts.{account}",
            )


def stopped_processes(context: Context) -> Iterator[Finding]:
    """Yield processes that are declared and do not run, and those that run and are not declared."""
    details = {status.name: status.detail or status.state for status in context.observed.statuses}
    for stage, state in context.observed.stages.items():
        plan = plan_stage(stage, state.live, state.desired)
        for name in plan.starts:
            yield context.finding(
                _CLASSES.get(stage, CONFIG_DRIFT),
                stage,
                f"{name} is declared and does not run: {details.get(name, 'it was never started')}.",
                {"cause": "stopped"},
                remedy=f"Look at its log: `logops logs ENV {name}`. Then start it: `logops up ENV --stage {stage}`.",
                cluster=cluster_of_process(context.environment, name, state.desired),
                path=name,
            )
        for name in (name for name in state.live.workloads if name not in state.desired.workloads):
            yield context.finding(
                _CLASSES.get(stage, CONFIG_DRIFT),
                stage,
                f"{name} runs and is not declared.",
                {"cause": NOT_ROLLED_OUT},
                cluster=cluster_of_process(context.environment, name, state.live),
                path=name,
            )


def other_settings(context: Context) -> Iterator[Finding]:
    """Yield processes that run with another command or other variables than declared.

    A process whose file differs is left out: the file is the finding.
    """
    skewed = {finding.subject.path for finding in other_versions(context)}
    for stage, state in context.observed.stages.items():
        diffs = differences(state.live, state.desired)
        for name in plan_stage(stage, state.live, state.desired).restarts:
            lines = diffs.get(f"process {name}", [])
            reads_changed_file = any(
                word.endswith(f"/live/{file}") for word in state.desired.settings.get(name, ()) for file in diffs
            )
            if name in skewed or (reads_changed_file and not lines):
                continue
            what = counts(lines) if lines else "its settings in supervisord differ"
            yield context.finding(
                _CLASSES.get(stage, CONFIG_DRIFT),
                stage,
                f"{name} runs with other settings than declared: {what}.",
                {"cause": NOT_ROLLED_OUT, "diff": shown(lines)},
                cluster=cluster_of_process(context.environment, name, state.desired),
                path=name,
            )


def other_configurations(context: Context) -> Iterator[Finding]:
    """Yield processes that run neither with their live file nor with the declared one.

    If a process runs with either of the two, the difference of the files is the finding.
    """
    for process in context.observed.processes:
        running = context.observed.running.get(process.name)
        if running is None:
            continue
        stage = _stage_of(process.file)
        compared = [differing_settings(_mapping(text), running) for text in _texts(context, process.file)]
        if not compared or not all(compared):
            continue
        settings = compared[0]
        yield context.finding(
            _CLASSES.get(stage, CONFIG_DRIFT),
            stage,
            f"{process.name} runs with other settings than its file {process.file} has: {_listed(settings)}.",
            {
                "cause": "other file when it started",
                "diff": shown([line for setting in settings[:_MOST_SETTINGS] for line in _diff(setting)]),
                **({"pid": process.pid} if process.pid else {}),
            },
            remedy=_restart(process, stage),
            cluster=process.cluster or cluster_of_file(context.environment, process.file),
            path=process.name,
        )


def other_loaded_rules(context: Context) -> Iterator[Finding]:
    """Yield each Prometheus that has loaded neither the rules of its live files nor the declared ones."""
    stage: Stage = "storage"
    state = context.observed.stages.get(stage)
    for process in context.observed.processes:
        loaded = context.observed.loaded_rules.get(process.name)
        if loaded is None:
            continue
        compared = [difference(loaded, files) for files in ([state.live] if state else []) + [context.desired[stage]]]
        lines = next((lines for lines in compared if lines), None)
        if lines is None or [] in compared:
            continue
        names = differing(lines)
        more = f" and {len(names) - _MOST_RULES} more" if len(names) > _MOST_RULES else ""
        differ = "differs" if len(names) == 1 else "differ"
        yield context.finding(
            RULE_DRIFT,
            stage,
            f"{process.name} has not loaded the rules of its files: {', '.join(names[:_MOST_RULES])}{more} {differ}.",
            {
                "cause": "other files when it started",
                "diff": shown(lines),
                **({"pid": process.pid} if process.pid else {}),
            },
            remedy=_restart(process, stage),
            cluster=process.cluster or cluster_of_file(context.environment, process.file),
            path=process.name,
        )


def _restart(process: Process, stage: Stage) -> str:
    if process.pid is None:
        return f"Restart {process.name}: it reads its file only when it starts."
    return (
        f"The file was changed while {process.name} ran, or before it started. End the process, and supervisord starts "
        f"it with the file of today: `kill {process.pid}`. Then compare again: `logops drift ENV --stage {stage}`."
    )


def _listed(settings: Sequence[Setting]) -> str:
    first = masked("; ".join(map(str, settings[:2])))
    return first if len(settings) <= 2 else f"{first}; and {count_text(len(settings) - 2, 'other setting')}"


def _diff(setting: Setting) -> tuple[str, str]:
    return f"-{setting.path}: {setting.running}", f"+{setting.path}: {setting.declared}"


def limits_without_effect(context: Context) -> Iterator[Finding]:
    """Yield limits that a process applies neither as in its live overrides file nor as declared."""
    clusters = {process.name: process.cluster for process in context.observed.processes}
    for cluster in context.environment.clusters:
        versions = [limits for text in _texts(context, f"tenants/{cluster}.yaml") if (limits := _overrides(text))]
        applied = {name: limits for name, limits in context.observed.limits.items() if clusters.get(name) == cluster}
        for tenant in versions[0] if versions else ():
            for limit, value in versions[0][tenant].items():
                expected = [value, *(other.get(tenant, {}).get(limit) for other in versions[1:])]
                others = {
                    name: limits[tenant].get(limit)
                    for name, limits in applied.items()
                    if tenant in limits and not any(same_value(known, limits[tenant].get(limit)) for known in expected)
                }
                if others:
                    yield _without_effect(context, cluster, tenant, limit, value, others, len(applied))


def _without_effect(
    context: Context, cluster: str, tenant: str, limit: str, value: object, others: Mapping[str, object], count: int
) -> Finding:
    declared = value_text(value)
    applied = ", ".join(sorted({value_text(other) for other in others.values()}))
    names = "every process" if len(others) == count else ", ".join(sorted(others))
    return context.finding(
        LIMIT_NOT_EFFECTIVE,
        "tenants",
        f"{limit} of tenant {tenant} is {declared} in the overrides file; {names} of {cluster} applies {applied}.",
        {
            "declared": declared,
            "applied": applied,
            "processes": ", ".join(sorted(others)),
            "diff": f"-{limit}: {applied}\n+{limit}: {declared}",
        },
        cluster=cluster,
        tenant=tenant,
        path=limit,
    )


def other_versions(context: Context) -> Iterator[Finding]:
    """Yield processes that run another version than this version of logops deploys, or a replaced program."""
    for status in context.observed.statuses:
        expected = context.versions.get(status.program)
        if status.pid is None or expected is None:
            continue
        if status.version is not None and status.version != expected:
            message = (
                f"{status.name} runs {status.program} {status.version}; this version of logops deploys {expected}."
            )
        elif status.is_replaced:
            message = (
                f"{status.name} runs {status.program} {status.version or ''}".rstrip()
                + ", and the program on the disk was replaced after it had started: its next start is another program."
            )
        else:
            continue
        yield context.finding(
            VERSION_SKEW,
            status.stage,
            message,
            {"running": status.version or "unknown", "declared": expected, "pid": status.pid},
            cluster=status.cluster,
            path=status.name,
        )


def other_pods(context: Context) -> Iterator[Finding]:
    """Yield pods that run another version than their workload declares, and workloads that lack pods.

    A pod that a rollout would restart is left out: its object is the finding.
    """
    restarted = {diff.object.rpartition("/")[2] for state in context.observed.objects.values() for diff in state.diffs}
    for pod in context.observed.pods:
        if pod.state == MISSING:
            yield context.finding(
                _CLASSES.get(pod.stage, CONFIG_DRIFT),
                pod.stage,
                f"{pod.name}: {pod.detail}.",
                {"cause": "stopped"},
                remedy="Look at its events: `kubectl get events`. A quota or a missing volume keeps pods back.",
                cluster=pod.cluster,
                path=pod.name,
            )
        elif pod.declared_version not in (None, pod.version) and pod.name not in restarted:
            yield context.finding(
                VERSION_SKEW,
                pod.stage,
                f"Pod {pod.name} runs {pod.program} {pod.version}, and its workload declares {pod.declared_version}.",
                {"running": pod.version or "unknown", "declared": pod.declared_version or ""},
                remedy=f"Delete the pod, and Kubernetes starts it as declared: `kubectl delete pod {pod.name}`. "
                "The other ingesters must be ready before one is deleted.",
                cluster=pod.cluster,
                path=pod.name,
            )


def incomplete_rings(context: Context) -> Iterator[Finding]:
    """Yield rings that do not have exactly the declared members. A process that does not run is the finding instead."""
    stopped = {status.name for status in context.observed.statuses if status.pid is None}
    for (cluster, ring), members in context.observed.rings.items():
        declared = context.observed.replicas[cluster, ring]
        active = [member.id for member in members if member.state == "ACTIVE"]
        if (len(active) == len(declared) and len(members) == len(declared)) or stopped & set(declared):
            continue
        states = ", ".join(f"{member.id} {member.state}" for member in members) or "no member"
        yield context.finding(
            CONFIG_DRIFT,
            "loki",
            f"The {ring} ring of {cluster} has: {states}. Declared: {count_text(len(declared), 'ACTIVE member')}.",
            {"declared": ", ".join(declared), "members": states},
            remedy="Look at the processes: `logops status ENV`. A process that was stopped for good leaves the ring "
            "after its heartbeat timed out, or with the button Forget on the ring's page.",
            cluster=cluster,
            path=f"{ring}-ring",
        )


def public_containers(context: Context) -> Iterator[Finding]:
    """Yield containers that anybody can read."""
    for account, containers in context.observed.public.items():
        for container, access in containers.items():
            shows = "list and read its blobs" if access == "container" else "read a blob whose name they know"
            yield context.finding(
                CONTAINER_PUBLIC,
                "storage",
                f"Anybody can {shows}, without a login: container {container} of storage account {account} is public "
                f"(access level {access}).",
                {"account": account, "container": container, "access": access},
                cluster=cluster_of_account(context.environment, account),
                path=f"{account}/{container}",
            )


def not_compared(context: Context) -> Iterator[Finding]:
    """Yield what could not be compared: one finding for each cluster, and one for what belongs to none."""
    look = (
        "Look at the processes: `logops status ENV`."
        if context.observed.statuses
        else "Look at the processes, and at the network between here and them."
    )
    for cluster in dict.fromkeys(unread.cluster for unread in context.observed.unread):
        parts = [unread for unread in context.observed.unread if unread.cluster == cluster]
        reasons = "; ".join(f"{unread.what} ({unread.reason.rstrip('.')})" for unread in parts[:_MOST_UNREAD])
        more = f"; and {len(parts) - _MOST_UNREAD} more" if len(parts) > _MOST_UNREAD else ""
        yield Finding(
            CHECK_INCOMPLETE,
            Subject(environment=context.environment.name, cluster=cluster),
            f"Not compared: {masked(reasons)}{more}. Whether it drifted is unknown.",
            context.as_of,
            {"parts": len(parts)},
            f"{look} Then compare again: `logops drift ENV`.",
        )


JUDGES: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    public_containers,
    changed_files,
    changed_objects,
    stopped_processes,
    other_settings,
    other_configurations,
    other_loaded_rules,
    limits_without_effect,
    other_versions,
    other_pods,
    incomplete_rings,
    changed_accounts,
    not_compared,
)
"""Every judgement, in the order in which findings of one severity are shown."""


def _stage_of(file: str) -> Stage:
    return next(stage for stage in STAGES if file.startswith(f"{stage}/"))


def _texts(context: Context, file: str) -> list[str]:
    """Return the text of a live file, then the declared one if it is another."""
    stage = _stage_of(file)
    state = context.observed.stages.get(stage)
    texts = [state.live.get(file, "") if state else "", context.desired[stage].get(file, "")]
    return list(dict.fromkeys(filter(None, texts)))


def _overrides(text: str) -> Mapping[str, Mapping[str, Any]]:
    overrides = _mapping(text).get("overrides")
    tenants = overrides if isinstance(overrides, Mapping) else {}
    return {str(tenant): limits for tenant, limits in tenants.items() if isinstance(limits, Mapping)}


def _mapping(text: str | None) -> Mapping[str, Any]:
    """Return a YAML mapping; an empty one if the text is damaged, which is a difference of its file."""
    try:
        loaded = yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        return {}
    return loaded if isinstance(loaded, Mapping) else {}
