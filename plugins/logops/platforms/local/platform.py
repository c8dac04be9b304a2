"""This machine as a platform: real processes under supervisord, Azurite for storage, all state in one folder."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from logops.clients.blob_storage import AccountKey, ObjectStore
from logops.clients.loki import LokiClient
from logops.environment import Environment
from logops.environment.cluster import Data
from logops.platforms.local import live, storage
from logops.platforms.local.atomic import check_free, write_text, writing
from logops.platforms.local.history_writer import history_writer
from logops.platforms.local.lease import LeaseFile
from logops.platforms.local.lock import locked
from logops.platforms.local.logs import follow, last_lines
from logops.platforms.local.ports import taken
from logops.platforms.local.private import make_private
from logops.platforms.local.processes import Processes
from logops.platforms.local.receiver_secrets import ReceiverSecrets
from logops.platforms.local.revisions import Revisions
from logops.platforms.local.running import Running, end, orphans, running
from logops.platforms.local.secrets import KeyStore, generated_once, redact
from logops.platforms.local.section import Section, sections
from logops.platforms.local.sources import write_line
from logops.platforms.local.status import statuses
from logops.platforms.local.steps import Steps, decide, stop_group
from logops.platforms.local.supervisord import Supervisord
from logops.platforms.platform import (
    FileChange,
    LeaseStore,
    PlatformError,
    ProcessStatus,
    Progress,
    Revision,
    RevisionStore,
    component_of,
    last_of_others,
)
from logops.platforms.preview import NO_PREVIEW, Preview
from logops.platforms.results import results_url
from logops.platforms.rules import declared_owners, files_of, read_rules, write_rules
from logops.render import STAGES, Commands, Files, Stage, local_topology, render_local
from logops.render.files import workload_file, workload_text
from logops.render.topology import HOST
from logops.rules.prometheus import PrometheusRules
from logops.rules.read import Rules

_RENEW_SECONDS = 60.0
_ORPHAN_SECONDS = 30.0
_ERROR_LINES = 15


class LocalPlatform:
    """A `DeployablePlatform` on this machine. All its files are in the state folder; two environments share nothing."""

    def __init__(
        self,
        environment: Environment,
        state: Path,
        commands: Callable[[], Commands],
        rules: Callable[[], Rules],
        prometheus_rules: Callable[[], PrometheusRules],
    ) -> None:
        """Create the platform. Starts nothing.

        commands   returns the command of each program; called only when needed
        rules      returns the rules of the rulers; called only when needed
        prometheus_rules   returns the rules of Prometheus; called only when needed

        Raises PlacementError if the environment does not fit this machine.
        """
        self._environment = environment
        self.state = state.resolve()
        self._commands = commands
        self._rules = rules
        self._prometheus_rules = prometheus_rules
        self._topology = local_topology(environment, self.state)
        self._live = self.state / "live"
        self._supervisord = Supervisord(self.state)
        self._keys = KeyStore(self.state / "secrets.env", environment)
        self._receiver_secrets = ReceiverSecrets(self._topology.receiver_secrets, environment)
        self._revisions: RevisionStore = Revisions(self.state / "revisions")
        self._lease: LeaseStore = LeaseFile(self.state / "lease.json", environment.name)

    @property
    def environment(self) -> Environment:
        return self._environment

    def desired(self) -> dict[Stage, Files]:
        return render_local(self._environment, self.state, self._commands(), self._rules(), self._prometheus_rules())

    def _secrets(self) -> dict[str, str]:
        """Return every known secret by variable, to remove them from text."""
        return {**self._keys.known(), **self._receiver_secrets.known()}

    # Live state

    def preview(self, stage: Stage, files: Files) -> Preview:
        """Return the secrets that are not known. Apart from them, the files and processes say everything."""
        return Preview(marks=tuple(self._receiver_secrets.marks())) if stage == "storage" else NO_PREVIEW

    def live(self, stage: Stage) -> Files:
        if stage == "rules":
            return self._live_rules()
        texts = live.stage_files(self._live, stage)
        order = [section.name for section in live.stage_sections(self._live, stage)]
        live_processes = running(self._supervisord)
        if stage == "storage":
            for account in self._environment.storage_accounts:
                file = f"storage/{account}.yaml"
                if file in texts:
                    existing = self._containers(account, live_processes)
                    texts[file] = storage.with_containers(texts[file], existing, self._environment.name)
        if live_digests := {name: live_processes[name].digest for name in order if name in live_processes}:
            texts[workload_file(stage)] = workload_text(live_digests)
        return Files(texts)

    def revisions(self, stage: Stage) -> list[Revision]:
        return self._revisions.all(stage)

    def revision_files(self, revision: Revision) -> Files:
        return self._revisions.files(revision)

    def last_change(self, file: str) -> FileChange | None:
        return live.last_change(self._live / file)

    def lease_owner(self) -> str | None:
        return self._lease.owner()

    def processes(self) -> list[ProcessStatus]:
        return statuses(self._supervisord, live.all_sections(self._live))

    def last_lines(self, process: str, count: int = 20) -> list[str]:
        lines = last_lines(self.log(process), count)
        return redact("\n".join(lines), self._secrets()).split("\n") if lines else []

    def log(self, process: str) -> Path:
        """Return the log file of a process."""
        return self.state / "logs" / f"{process}.log"

    def logged(self) -> list[str]:
        """Return the names of the processes that have a log."""
        return sorted(log.stem for log in (self.state / "logs").glob("*.log"))

    def follow(self, processes: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield process and line for every new log line. Never ends."""
        secrets = self._secrets()
        for name, line in follow({name: self.log(name) for name in processes}):
            yield name, redact(line, secrets)

    def urls(self, cluster: str) -> Mapping[str, str]:
        return {process.name: process.url for process in self._topology.of(cluster)}

    def ring_members(self, cluster: str) -> Collection[str]:
        return [name for name in self.urls(cluster) if component_of(name, cluster) in ("ingester", "all")]

    def gateway_url(self, cluster: str) -> str | None:
        """Return None: there are no users on this machine."""
        return None

    def read_url(self, cluster: str) -> str:
        return self._topology.read_url(cluster)

    def distributor_urls(self, cluster: str) -> Mapping[str, str]:
        return {
            name: url
            for name, url in self.urls(cluster).items()
            if component_of(name, cluster) in ("distributor", "all")
        }

    def agent_urls(self, cluster: str) -> Mapping[str, str]:
        return self._topology.agent_urls(cluster)

    @contextmanager
    def history_writer(self, cluster: str) -> Iterator[LokiClient]:
        """Run a Loki that writes old lines into a cluster's container. They are stored when the block ends.

        Raises OwnLokiError if it does not become ready.
        """
        with history_writer(self._topology, cluster, self._commands()["loki"], self._keys.complete()) as client:
            yield client

    def write_url(self, cluster: str) -> str:
        return self._topology.write_url(cluster)

    def ruler_url(self, cluster: str) -> str:
        return self._topology.ruler_url(cluster)

    def prometheus_url(self, cluster: str) -> str | None:
        return self._topology.prometheus_url(cluster)

    def alerting_prometheus_urls(self) -> tuple[str, ...]:
        return tuple(
            f"http://{HOST}:{self._topology.prometheus_port(audience)}" for audience in self._topology.own_prometheuses
        )

    def salt_secret(self) -> str:
        """Return the variable of `quality.salt`, if it is set, else a secret that is generated once.

        Raises PlatformError if it cannot be stored.
        """
        ref = self._environment.quality.salt
        return (os.environ.get(ref.variable) if ref else None) or generated_once(self.state / "quality-salt")

    def alertmanager_urls(self, audience: Data) -> tuple[str, ...]:
        return self._topology.alertmanager_urls(audience)

    def rollout_since(self) -> datetime | None:
        return self._lease.since()

    def lifecycle_policy(self, account: str) -> Mapping[str, Any]:
        """Return the policy of the last rollout. Azurite stores no policy; `logops.lifecycle` carries this one out."""
        text = live.stage_files(self._live, "storage").get(f"storage/{account}.yaml")
        if text is None:
            raise PlatformError(
                f"Reading the lifecycle policy of storage account {account}: the storage stage was not rolled out yet."
            )
        return storage.lifecycle_in(text, account)

    def preview_accounts(self, files: Files) -> Preview:
        """Return nothing: the live files have the containers of Azurite, which has no settings."""
        return NO_PREVIEW

    def object_store(self, account: str) -> ObjectStore:
        declared = self._environment.storage_accounts[account]
        if declared.account_key is None:
            raise PlatformError(f"storage_accounts.{account}: Azurite supports only account keys. Set account_key")
        key = AccountKey(self._keys.complete()[declared.account_key.variable])
        return ObjectStore.connect(declared.account_name, key, self._topology.blob_endpoint(account))

    def writable_sources(self) -> Collection[str]:
        return self._environment.sources

    def write_line(self, source: str, text: str) -> None:
        write_line(self._topology, source, text)

    # Changes

    def acquire_lease(self, owner: str, *, one_process: bool = False) -> str:
        make_private(self.state)
        return self._lease.acquire(owner, one_process=one_process)

    def release_lease(self, owner: str) -> bool:
        return self._lease.release(owner)

    def apply(self, stage: Stage, files: Files, owner: str, progress: Progress) -> Revision:
        with self._changing(f"applying {stage}", owner, progress) as redacted_progress:
            check_free(self.state)
            if stage == "storage":
                self._receiver_secrets.require()
                self._receiver_secrets.store()
            self._write_environment()
            steps = self._steps(stage, files, redacted_progress)
            revision = self._revisions.add(stage, files, owner, datetime.now(UTC))
            self._make_live(stage, files, steps, redacted_progress)
            if stage == "storage":
                storage.create_containers(self._environment, self.object_store, redacted_progress)
            return revision

    def roll_back(self, stage: Stage, owner: str, progress: Progress) -> Revision | None:
        history = self._revisions.all(stage)
        if not history or history[-1].owner != owner:
            return None
        target = last_of_others(history, owner)
        files = self._revisions.files(target) if target else Files({})
        with self._changing(f"rolling {stage} back", owner, progress) as redacted_progress:
            steps = self._steps(stage, files, redacted_progress)
            if history[-1].digest != files.digest:
                # Record the rollback as a revision: a later rollback must not return to the state that failed here.
                self._revisions.add(stage, files, owner, datetime.now(UTC))
            self._make_live(stage, files, steps, redacted_progress)
        return target if files else None

    def start(self, progress: Progress) -> list[str]:
        """Start the processes that were rolled out and do not run, such as after a restart of the machine.

        Changes nothing else: it is not a rollout. Returns their names when all are ready. Raises PlatformError.
        """
        with self._changing("starting", None, progress) as redacted_progress:
            self._receiver_secrets.store()
            self._end_orphans(redacted_progress)
            now = running(self._supervisord)
            stopped = {
                stage: tuple(s for s in live.stage_sections(self._live, stage) if s.name not in now) for stage in STAGES
            }
            names = [section.name for sections_of_stage in stopped.values() for section in sections_of_stage]
            if not names:
                return []
            for stage, sections_of_stage in stopped.items():
                self._in_the_way(stage, sections_of_stage, now)
            if self._supervisord.process() is None:
                self._supervisord.start(self._keys.complete())
            self._supervisord.reload()
            for stage, sections_of_stage in stopped.items():
                if sections_of_stage:
                    redacted_progress(f"starting {stage}")
                    self._process_manager().start(sections_of_stage, redacted_progress)
            return names

    def down(self, progress: Progress) -> list[str]:
        """Stop all processes, agents first and stores last. Files and data stay.

        Returns the names of the processes that had to be killed.
        """
        with self._changing("stopping", None, progress) as redacted_progress:
            try:
                self._stop_all(redacted_progress)
            except PlatformError as error:
                redacted_progress(f"{error} Stopping the processes without supervisord.")
            killed = ["supervisord"] if self._supervisord.end() else []
            return killed + self._end_orphans(redacted_progress)

    def _write_environment(self) -> None:
        """Write the environment for processes that read results. Its results store has a complete address."""
        results = results_url(self._environment, self.state.parent.parent)
        complete = self._environment.model_copy(update={"results": results})
        write_text(self._topology.environment_file, complete.model_dump_json(by_alias=True, exclude_none=True))

    def _steps(self, stage: Stage, files: Files, progress: Progress) -> Steps:
        """Return the steps after which the stage's processes run from `files`.

        Raises PlatformError if a port is taken.
        """
        self._end_orphans(progress)
        self._hand_out_keys(progress)
        desired = sections(files.get(live.conf_name(stage), ""))
        live_processes = running(self._supervisord)
        return decide(
            desired,
            {name: process.digest for name, process in live_processes.items()},
            self._known(stage),
            live.outdated(
                self._live,
                files,
                {s.name: (s, live_processes[s.name].started) for s in desired if s.name in live_processes},
            ),
            self._in_the_way(stage, desired, live_processes),
        )

    def _known(self, stage: Stage) -> set[str]:
        """Return the names of processes that supervisord knows and that belong to no other stage."""
        other_names = {
            s.name
            for other_stage in STAGES
            if other_stage != stage
            for s in live.stage_sections(self._live, other_stage)
        }
        return self._supervisord.processes().keys() - other_names

    def _in_the_way(
        self, stage: Stage, desired: tuple[Section, ...], live_processes: Mapping[str, Running]
    ) -> set[str]:
        """Return the names of this environment's processes on ports that another process will need.

        Raises PlatformError if a process outside of the environment uses such a port.
        """
        new_owners = {port: section.name for section in desired for port in section.ports}
        own_names = {process.process.pid: name for name, process in live_processes.items()}
        taken_ports = taken(new_owners)
        if foreign := [str(port) for port in taken_ports if port.pid not in own_names]:
            raise PlatformError(
                f"applying {stage} of {self._environment.name}: {'; '.join(foreign)}. Nothing was started. "
                "End that process, or give the environment another platform.base_port."
            )
        return {
            own_names[port.pid]
            for port in taken_ports
            if port.pid is not None and own_names[port.pid] != new_owners[port.port]
        }

    def _make_live(self, stage: Stage, files: Files, steps: Steps, progress: Progress) -> None:
        if stage == "rules":
            self._put_rules(files, progress)
            return
        desired = sections(files.get(live.conf_name(stage), ""))
        with writing(self.state):
            for folder in (self.state / "logs", *(self.state / "data" / section.name for section in desired)):
                folder.mkdir(parents=True, exist_ok=True)
        clusters = {section.cluster for section in desired} if stage == "loki" else self._clusters()
        if stage == "loki":
            live.ensure_overrides(self._live, clusters)
        live.replace_stage(self._live, stage, files, clusters)
        if desired or not steps.nothing:
            if self._supervisord.process() is None:
                self._supervisord.start(self._keys.complete())
            self._supervisord.reload()
            self._process_manager().take(steps, progress)

    def _live_rules(self) -> Files:
        """Return the rules that the rulers store.

        If a ruler does not run, or its storage does not answer, return the rules of the last rollout instead. They are
        still stored, and a rollout that repairs the ruler or the storage must not fail here.
        """
        last_rules = self._last_rules()
        live_processes = running(self._supervisord)
        texts: dict[str, str] = {}
        for owner in declared_owners(self._environment, last_rules):
            cluster = owner[0]
            ruler = self._topology.of(cluster, "ruler")[0].name
            if ruler in live_processes and self._containers(
                self._environment.clusters[cluster].storage_account, live_processes
            ):
                with LokiClient(self.ruler_url(cluster)) as client:
                    texts |= read_rules(client, self._environment.name, owner)
            else:
                texts |= {name: last_rules[name] for name in files_of(owner, last_rules)}
        return Files(texts)

    def _put_rules(self, desired: Files, progress: Progress) -> None:
        live_rules = self._live_rules()
        for owner in declared_owners(self._environment, {**live_rules, **desired}):
            with LokiClient(self.ruler_url(owner[0])) as client:
                write_rules(client, owner, live_rules, desired, progress)

    def _last_rules(self) -> Files:
        history = self._revisions.all("rules")
        return self._revisions.files(history[-1]) if history else Files({})

    def _containers(self, account: str, live_processes: Mapping[str, Running]) -> list[str]:
        """Return an account's containers; an empty list if this environment's Azurite does not run."""
        if "azurite" not in live_processes:
            return []
        with self.object_store(account) as store:
            return storage.existing_containers(store)

    def _clusters(self) -> set[str]:
        return {section.cluster for section in live.stage_sections(self._live, "loki")}

    def _hand_out_keys(self, progress: Progress) -> None:
        """Restart everything if there is a new storage key: supervisord gets keys only when it starts."""
        keys = self._keys.complete()
        if self._supervisord.process() is None or self._supervisord.has(keys):
            return
        progress("restarting everything: there is a new storage key, and supervisord gets keys only when it starts")
        live_processes = running(self._supervisord)
        self._stop_all(progress)
        self._supervisord.end()
        self._supervisord.start(keys)
        for stage in STAGES:
            if to_restart := [s for s in live.stage_sections(self._live, stage) if s.name in live_processes]:
                self._process_manager().start(to_restart, progress)

    def _stop_all(self, progress: Progress) -> None:
        for group in _stop_groups(running(self._supervisord).values()):
            progress(f"stopping {', '.join(process.name for process in group)}")
            self._process_manager().stop([process.name for process in group], progress)

    def _end_orphans(self, progress: Progress) -> list[str]:
        """Stop the processes that supervisord left running. Return the names of those that had to be killed."""
        killed: list[str] = []
        for group in _stop_groups(orphans(self._supervisord)):
            progress(f"stopping {', '.join(process.name for process in group)}, left running by supervisord")
            killed += [process.name for process in end(group, _ORPHAN_SECONDS)]
        return killed

    def _process_manager(self) -> Processes:
        all_sections = [
            section for stage_sections in live.all_sections(self._live).values() for section in stage_sections
        ]
        return Processes(self._supervisord, all_sections, lambda name: self.last_lines(name, _ERROR_LINES))

    @contextmanager
    def _changing(self, doing: str, owner: str | None, progress: Progress) -> Iterator[Progress]:
        """Hold the lock for changes, renew the lease during long work, and remove secrets from messages."""
        renewed_at = time.monotonic()

        def report(line: str) -> None:
            nonlocal renewed_at
            if owner is not None and time.monotonic() - renewed_at > _RENEW_SECONDS:
                renewed_at = time.monotonic()
                self._lease.renew(owner)
            progress(redact(line, self._secrets()))

        make_private(self.state)
        try:
            with locked(self.state / "changing.lock", doing, report):
                yield report
        except PlatformError as error:
            text = redact(str(error), self._secrets())
            raise type(error)(text) from None


def _stop_groups(processes: Iterable[Running]) -> list[list[Running]]:
    def group_of(process: Running) -> int:
        return stop_group(process.program, process.component)

    return [list(group) for _, group in groupby(sorted(processes, key=group_of), key=group_of)]
