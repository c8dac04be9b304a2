"""Read the live system: files, processes, running configurations, limits, rings, containers. Nothing is changed.

What does not answer is in `Observed.unread` with the reason: it is unknown, never "as declared".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import yaml

from logops.clients.loki import LokiClient, Ring, RingMember
from logops.clients.prometheus import formatted, loaded_rules
from logops.drift.observed import Observed, StageState, Unread
from logops.drift.prometheus_rules import LoadedRules, as_written, expressions
from logops.drift.running import READERS, TIMEOUT_S, Process, running
from logops.drift.whose import account_of, cluster_of_account
from logops.environment import Environment
from logops.errors import LogopsError
from logops.findings.classes.rollout import CHANGE_REFUSED, PLAN_UNKNOWN, SECRET_MISSING
from logops.platforms.platform import DeployablePlatform, ProcessStatus, ReadablePlatform, component_of
from logops.platforms.preview import Preview
from logops.render import Files, Stage

Value = TypeVar("Value")
_MAX_PARALLEL = 8


@dataclass
class _Reader:
    """Reads parts of the system, and keeps the reasons of those that do not answer."""

    unread: list[Unread] = field(default_factory=list)

    def read(self, what: str, read: Callable[[], Value], *, cluster: str = "") -> Value | None:
        try:
            return read()
        except (LogopsError, OSError, ValueError, yaml.YAMLError) as error:
            self.unread.append(Unread(what, " ".join(str(error).split()), cluster))
            return None


def observe(
    platform: ReadablePlatform,
    deployable: DeployablePlatform | None,
    desired: Mapping[Stage, Files],
    stages: Sequence[Stage],
    progress: Callable[[str], None],
) -> Observed:
    """Read the live system.

    deployable   the same platform, if its files and processes can be read
    """
    reader = _Reader()
    statuses: list[ProcessStatus] = []
    pods: list[ProcessStatus] = []
    states: dict[Stage, StageState] = {}
    missing: tuple[Stage, ...] = ()
    is_local = platform.environment.platform.kind == "local"
    if deployable:
        if is_local:
            progress("asking every process for its state")
            statuses = reader.read("the processes", deployable.processes) or []
        else:
            progress("reading the pods")
            pods = [pod for pod in reader.read("the pods", deployable.processes) or [] if pod.stage in stages]
        states, missing = _stages(deployable, desired, stages, statuses, reader, progress)
    if deployable:
        objects = _objects(deployable, states, reader, progress)
    else:
        objects = _accounts(platform, desired, reader, progress) if "storage" in stages else {}
    files = {stage: state.live for stage, state in states.items()} if deployable else dict(desired)
    processes = _processes(platform, files, statuses) if is_local else _remote_processes(platform)
    progress("reading the configuration that each process runs with")
    with ThreadPoolExecutor(_MAX_PARALLEL) as pool:
        answers = [
            *pool.map(
                lambda process: reader.read(process.name, lambda: running(process), cluster=process.cluster), processes
            )
        ]
    configurations = {
        process.name: answer for process, answer in zip(processes, answers, strict=True) if answer is not None
    }
    loki = [process for process in processes if process.program == "loki" and process.name in configurations]
    progress("reading limits, rings and containers")
    present = set(stages) - set(missing)
    return Observed(
        states,
        missing,
        statuses,
        processes,
        configurations,
        _loaded_rules(processes, [*files.values(), *desired.values()], reader),
        _limits(platform, loki, reader) if "tenants" in present else {},
        _rings(loki, platform.environment.clusters, reader) if "loki" in present else {},
        _replicas(platform),
        _public(platform, statuses, reader) if "storage" in present else {},
        tuple(reader.unread),
        objects,
        pods,
    )


def _stages(
    platform: DeployablePlatform,
    desired: Mapping[Stage, Files],
    stages: Sequence[Stage],
    statuses: Sequence[ProcessStatus],
    reader: _Reader,
    progress: Callable[[str], None],
) -> tuple[dict[Stage, StageState], tuple[Stage, ...]]:
    """Return the stages that were rolled out, and the names of those that never were."""
    states: dict[Stage, StageState] = {}
    missing: list[Stage] = []
    for stage in stages:
        revisions = platform.revisions(stage)
        if not revisions or not platform.revision_files(revisions[-1]):
            missing.append(stage)
            continue
        progress(f"reading the live files of the stage {stage}")
        blocked = _blocked(platform, stage, statuses)
        reader.unread += blocked
        live = None if blocked else reader.read(f"the stage {stage}", partial(platform.live, stage))
        if live is not None:
            changes = {name: change for name in live if (change := platform.last_change(name))}
            states[stage] = StageState(
                live, platform.revision_files(revisions[-1]), desired[stage], revisions[-1], changes
            )
    return states, tuple(missing)


def _objects(
    deployable: DeployablePlatform, states: Mapping[Stage, StageState], reader: _Reader, progress: Callable[[str], None]
) -> dict[Stage, Preview]:
    """Return what a rollout of the files of the last one would change now: what somebody changed since then."""
    previews: dict[Stage, Preview] = {}
    for stage, state in states.items():
        progress(f"comparing the objects of the stage {stage}")
        preview = reader.read(f"the objects of the stage {stage}", partial(deployable.preview, stage, state.applied))
        if preview is not None:
            previews[stage] = preview
            reader.unread += _untried(deployable.environment, preview)
    return previews


def _accounts(
    platform: ReadablePlatform, desired: Mapping[Stage, Files], reader: _Reader, progress: Callable[[str], None]
) -> dict[Stage, Preview]:
    """Return what a rollout would change at storage accounts. Without a login to the cluster, nothing else is known."""
    progress("comparing storage accounts")
    preview = platform.preview_accounts(desired["storage"])
    reader.unread += _untried(platform.environment, preview)
    return {"storage": preview}


def _untried(environment: Environment, preview: Preview) -> list[Unread]:
    """Return what a preview could not compare. A storage account that cannot be made as declared was compared."""
    return [
        Unread(mark.subject, mark.message, cluster_of_account(environment, account))
        for mark in preview.marks
        if mark.cls in (PLAN_UNKNOWN, CHANGE_REFUSED, SECRET_MISSING)
        and not ((account := account_of(mark.subject)) and mark.cls is CHANGE_REFUSED)
    ]


def _blocked(platform: DeployablePlatform, stage: Stage, statuses: Sequence[ProcessStatus]) -> list[Unread]:
    """Return the processes without which a stage cannot be read: rulers store rules, Azurite has the containers."""
    by_name = {status.name: status for status in statuses}
    if stage == "storage":
        needed = [(name, "") for name in by_name if by_name[name].program == "azurite"]
    elif stage == "rules":
        needed = [
            (name, cluster)
            for cluster in platform.environment.clusters
            for name in platform.urls(cluster)
            if component_of(name, cluster) in ("ruler", "all") and name in by_name
        ]
    else:
        needed = []
    return [
        Unread(f"the stage {stage}", f"{name} is not ready: {by_name[name].detail}", cluster)
        for name, cluster in needed
        if not by_name[name].ready
    ]


def _processes(
    platform: ReadablePlatform, files: Mapping[Stage, Files], statuses: Sequence[ProcessStatus]
) -> list[Process]:
    """Return the running processes of the stages that report their configuration."""
    texts = {name for stage in files.values() for name in stage}
    words = {name: setting for stage in files.values() for name, setting in stage.settings.items()}
    return [
        Process(
            status.name,
            status.program,
            status.cluster,
            f"http://127.0.0.1:{status.port}",
            file,
            status.pid,
            component_of(status.name, status.cluster),
        )
        for status in statuses
        if status.pid and status.stage in files and status.program in READERS
        if (file := file_of(words.get(status.name, ()), texts))
    ]


def _remote_processes(platform: ReadablePlatform) -> list[Process]:
    return [
        Process(name, "loki", cluster, url, f"loki/{cluster}.yaml", component=component_of(name, cluster))
        for cluster in platform.environment.clusters
        for name, url in platform.urls(cluster).items()
    ]


def file_of(words: Iterable[str], files: Iterable[str]) -> str:
    """Return the rendered file in a process's command. Empty: it has none.

    >>> file_of(["loki", "-config.file=/srv/live/loki/main.yaml"], ["loki/main.yaml"])
    'loki/main.yaml'
    """
    command = list(words)
    return next((file for file in files if any(word.endswith(f"/live/{file}") for word in command)), "")


def _loaded_rules(processes: Sequence[Process], states: Iterable[Files], reader: _Reader) -> dict[str, LoadedRules]:
    """Return the rules that each Prometheus has loaded.

    states   live and desired files: their expressions are compared as Prometheus writes them
    """
    declared = {expression for files in states for expression in expressions(files)}

    def read(process: Process) -> LoadedRules:
        rules = loaded_rules(process.url)
        return LoadedRules(
            rules, {each: as_written(each, rules, partial(formatted, process.url)) for each in sorted(declared)}
        )

    answers = {
        process.name: reader.read(f"the rules of {process.name}", partial(read, process), cluster=process.cluster)
        for process in processes
        if process.program == "prometheus"
    }
    return {name: answer for name, answer in answers.items() if answer is not None}


def _limits(
    platform: ReadablePlatform, processes: Sequence[Process], reader: _Reader
) -> dict[str, Mapping[str, Mapping[str, object]]]:
    def read(process: Process) -> Mapping[str, Mapping[str, object]]:
        with LokiClient(process.url, read_timeout=TIMEOUT_S, retry_for=0) as client:
            return {
                tenant: client.tenant_limits(tenant)
                for tenant in platform.environment.clusters[process.cluster].tenants
            }

    with ThreadPoolExecutor(_MAX_PARALLEL) as pool:
        answers = pool.map(
            lambda process: reader.read(f"limits of {process.name}", lambda: read(process), cluster=process.cluster),
            processes,
        )
        return {process.name: answer for process, answer in zip(processes, answers, strict=True) if answer is not None}


RINGS = {
    "ingester": (Ring.INGESTER, ("ingester", "all"), ("distributor", "all")),
    "compactor": (Ring.COMPACTOR, ("compactor", "all"), ("compactor", "all")),
}
"""Name -> ring, the components that are members, the components that know it."""


def _rings(
    processes: Sequence[Process], clusters: Iterable[str], reader: _Reader
) -> dict[tuple[str, str], Sequence[RingMember]]:
    """Return the rings, each as one process sees it."""
    rings: dict[tuple[str, str], Sequence[RingMember]] = {}
    for cluster in clusters:
        for name, (ring, _, knowing) in RINGS.items():
            url = next((p.url for p in processes if p.cluster == cluster and p.component in knowing), None)
            if url is None:
                reader.unread.append(Unread(f"the {name} ring", "no process that knows it answers", cluster))
                continue
            members = reader.read(f"the {name} ring", partial(_ring, url, ring), cluster=cluster)
            if members is not None:
                rings[cluster, name] = members
    return rings


def _replicas(platform: ReadablePlatform) -> dict[tuple[str, str], Sequence[str]]:
    return {
        (cluster, name): [process for process in platform.urls(cluster) if component_of(process, cluster) in components]
        for cluster in platform.environment.clusters
        for name, (_, components, _) in RINGS.items()
    }


def _ring(url: str, ring: Ring) -> list[RingMember]:
    with LokiClient(url, read_timeout=TIMEOUT_S, retry_for=0) as client:
        return client.ring(ring)


def _public(
    platform: ReadablePlatform, statuses: Sequence[ProcessStatus], reader: _Reader
) -> dict[str, Mapping[str, str]]:
    def read(account: str) -> Mapping[str, str]:
        with platform.object_store(account) as store:
            public = store.public_containers()
        return {
            name: public[name] for name in platform.environment.storage_accounts[account].containers if name in public
        }

    if any(status.program == "azurite" and not status.ready for status in statuses):
        # Said with the stage.
        return {}
    answers = {
        account: reader.read(
            f"access to the containers of storage account {account}",
            partial(read, account),
            cluster=cluster_of_account(platform.environment, account),
        )
        for account in platform.environment.storage_accounts
    }
    return {account: answer for account, answer in answers.items() if answer is not None}
