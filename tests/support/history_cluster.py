"""A real Loki with four months of history and a running compactor. Tests damage it, audit it and repair it.

It takes minutes to start, so the tests of tests/integration/history share it. If a fault needs no running Loki, use
tests/support/audit_bucket.py instead.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import psutil

from logops.audit.policy.phase import Phase
from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Check
from logops.audit.run import run_audit
from logops.audit.survey.blob_names import ChunkNames, index_file
from logops.audit.survey.objects import DAY_MS, IndexFile, chunk_name
from logops.clients.blob_storage import BlobMissingError
from logops.clients.blob_storage.container import Container
from logops.clients.loki import Entry, LokiClient
from logops.environment import Environment
from logops.environment.units import Duration
from logops.findings.store import ResultsStore
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.local.supervisord import Supervisord
from logops.samples import history_fill as history
from logops.samples.settle import restart
from logops.tsdb import read_index
from tests.support.azurites import free_port
from tests.support.environments import environment
from tests.support.local_platforms import apply_all, free_base_port, pid_of, statuses
from tests.support.outcomes import class_names
from tests.support.storage_proxy import storage_proxy
from tests.support.waiting import wait_for

DAYS = 120
CLUSTER = "main"
AUDIT_INTERVAL_S = 1.0
"""Seconds between two audits in a waiting loop, to leave the processor to Loki."""


@dataclass(frozen=True)
class Chunk:
    """A chunk and the table of its last line."""

    name: str
    tenant: str
    table: str
    day: int


@dataclass
class HistoryCluster:
    """The running cluster, its bucket and its results."""

    platform: LocalPlatform
    store: ResultsStore
    pushed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The names of all chunks before the compactor saw any of them, with their labels."""

    def audit(
        self,
        *checks: Check,
        as_of: datetime | None = None,
        tables: tuple[str, ...] = (),
        with_slack: bool = False,
        record: bool = False,
        compare: bool = False,
        store: ResultsStore | None = None,
    ) -> AuditResult:
        """Run an audit now.

        with_slack   use the environment's slack and grace. Default: report a delay of one second
        record       compare with earlier runs, and record this run
        compare      compare with earlier runs, but do not record this run
        store        where to write the names of faulty chunks
        """
        now = datetime.now(UTC)
        none = None if with_slack else Duration("0s")
        request = AuditRequest(checks, f"test-{now:%H%M%S%f}", as_of or now, tables, none, none)
        return run_audit(self.platform, request, self.store if record or compare else store, lambda _: None)

    def audit_until(
        self, condition: Callable[[AuditResult], bool], *checks: Check, tables: tuple[str, ...] = ()
    ) -> AuditResult:
        """Repeat the audit until `condition` returns true for its outcome."""
        outcomes: list[AuditResult] = []

        def look() -> bool:
            outcomes.append(self.audit(*checks, tables=tables))
            return condition(outcomes[-1])

        wait_for(look, 180, AUDIT_INTERVAL_S)
        return outcomes[-1]

    def audit_when_compacted(self, *checks: Check) -> AuditResult:
        """Repeat the audit while the compactor still merges the files of the regular upload every 15 minutes."""
        outcomes: list[AuditResult] = []

        def look() -> bool:
            outcomes.append(self.audit(*checks))
            return "table-uncompacted" not in class_names(outcomes[-1])

        wait_for(look, 60, AUDIT_INTERVAL_S)
        return outcomes[-1]

    @contextmanager
    def container(self) -> Iterator[Container]:
        cluster = self.platform.environment.clusters[CLUSTER]
        with self.platform.object_store(cluster.storage_account) as account:
            yield account.container(cluster.containers.chunks)

    def chunk(self, tenant: str, days_ago: int) -> Chunk:
        """Return a chunk whose last line is at least `days_ago` days old and at most 15 days older."""
        today = int(datetime.now(UTC).timestamp()) // 86_400
        wanted = range(today - days_ago - 15, today - days_ago + 1)
        name = next(name for name in self.chunks(tenant) if day_of(name) in wanted)
        return Chunk(name, tenant, f"loki_index_{day_of(name)}", day_of(name))

    def chunks(self, tenant: str = "") -> list[str]:
        """Return the names of all chunks, or of a tenant's chunks."""
        chunks = ChunkNames()
        names: list[str] = []
        with self.container() as container:
            for batch in container.list((f"{tenant}/" if tenant else "",)).batches:
                is_chunk, _ = chunks.read(batch["name"])
                names += [name for name, keep in zip(batch["name"].to_pylist(), is_chunk, strict=True) if keep]
        return names

    def index_files(self, table: str) -> list[IndexFile]:
        """Return the current index files of a table. An empty name: of all tables."""
        with self.container() as container:
            return [
                file
                for batch in container.list((f"index/{table}/" if table else "index/",)).batches
                for name in batch["name"].to_pylist()
                if (file := index_file(name, 0, 0, 0)) is not None
            ]

    def index_entries(self, *tables: str) -> dict[str, Mapping[str, str]]:
        """Return the names and labels of all chunks in the current index of these tables. Default: of all tables."""
        entries: dict[str, Mapping[str, str]] = {}
        with self.container() as container:
            for file in (file for table in tables or ("",) for file in self.index_files(table)):
                index = read_index(container.read(file.name), file.name, file.tenant)
                labels = [*index.labels()]
                for row in index.entries().to_pylist():
                    key = (row[name] for name in ("fingerprint", "from_ms", "through_ms", "checksum"))
                    entries[chunk_name(index.tenants[row["tenant"]], *key)] = labels[row["series"]]
        return entries

    def table_of_today(self) -> str:
        return f"loki_index_{int(time.time()) // 86_400}"

    def is_tidy(self) -> bool:
        """Return whether compaction, expiry and deletion are complete."""
        compaction, retention = self.audit(Check.COMPACTION), self.audit(Check.RETENTION)
        phases = {row.phase for row in (*compaction.rows, *retention.rows)}
        at_work = {Phase.UNCOMPACTED, Phase.EXPIRED}
        return not phases & at_work and not compaction.findings and not retention.findings

    @contextmanager
    def suspended(self, process: str) -> Iterator[None]:
        """Suspend a process. Afterwards, wait until its unfinished work is done."""
        suspended = psutil.Process(pid_of(self.platform, process))
        suspended.suspend()
        try:
            yield
        finally:
            suspended.resume()
            wait_until_tidy(self)

    def write_line_to(self, ingester: str, days_ago: int = 0) -> None:
        """Make an ingester store a chunk and upload an index file that lists it."""
        self.store_chunk(ingester, days_ago)
        restart(self.platform, ingester)

    def store_chunk(self, ingester: str, days_ago: int = 0) -> None:
        """Make an ingester store a chunk. Its index entry stays in the write-ahead log until the ingester restarts."""
        with LokiClient(self.platform.write_url(CLUSTER)) as client:
            now = time.time_ns()
            # Use a new stream, because Loki refuses lines that are too far behind the last lines of their stream.
            labels = {"job": "by-hand", "written": str(now)}
            at = now - days_ago * DAY_MS * 10**6
            client.push("platform", [Entry(at + nth, labels, "for the index") for nth in range(9)])
        with LokiClient(self.platform.urls(CLUSTER)[ingester]) as client:
            client.flush()

    @contextmanager
    def index_uploads_refused(self, ingester: str) -> Iterator[None]:
        """Run an ingester whose storage refuses index files and accepts everything else.

        Its write-ahead log has chunks that no uploaded index lists: the ingester builds that index file when it starts
        (Loki's pkg/storage/stores/shipper/indexshipper/tsdb/manager.go, Start), and every upload of it fails.
        """
        command = psutil.Process(pid_of(self.platform, ingester)).cmdline()
        flag, config = next(word.split("=", 1) for word in command if word.startswith("-config.file="))
        text = Path(config).read_text()
        endpoint = re.search(r"BlobEndpoint=http://127.0.0.1:(\d+)/", text)
        assert endpoint

        def refuses(method: str, path: str) -> bool:
            return method == "PUT" and "/index/" in unquote(path)

        with storage_proxy(int(endpoint[1]), refuses) as proxy_port:
            changed = self.platform.state / "uploads-refused.yaml"
            changed.write_text(text.replace(endpoint[0], f"BlobEndpoint=http://127.0.0.1:{proxy_port}/"))
            self.store_chunk(ingester)
            by_hand = [f"{flag}={changed}" if word.startswith(f"{flag}=") else word for word in command]
            with self.started_by_hand(ingester, by_hand):
                yield

    @contextmanager
    def retention_of(self, tenant: str, keep: str) -> Iterator[None]:
        """Roll out another retention of a tenant."""
        was = self.platform
        declared = was.environment.model_dump(mode="json", by_alias=True, exclude_none=True)
        declared["clusters"][CLUSTER]["tenants"][tenant]["retention"]["keep"] = keep
        declared["clusters"][CLUSTER]["keep_at_least"] = keep
        self.platform = open_local(Environment.model_validate_json(json.dumps(declared)), was.state.parents[1])
        self.platform.apply("tenants", self.platform.desired()["tenants"], "tests", print)
        try:
            yield
        finally:
            self.platform = was

    @contextmanager
    def overrides_edited(self, typed: str) -> Iterator[None]:
        """Edit the retention of `platform` in the overrides file by hand."""
        file = self.platform.state / "live/tenants/main.yaml"
        was = file.read_text()
        before, platform, after = was.partition("  platform:")
        file.write_text(before + platform + re.sub(r"retention_period: \S+", typed, after, count=1))
        assert typed in file.read_text()
        try:
            yield
        finally:
            file.write_text(was)
            self.audit_until(
                lambda outcome: "retention-not-effective" not in class_names(outcome), Check.RETENTION, tables=("none",)
            )

    def until_unindexed(self, names: set[str]) -> None:
        """Wait until the compactor has marked these chunks for deletion and removed them from its index."""
        tables = sorted({f"loki_index_{day_of(name)}" for name in names})
        assert names

        def unindexed() -> bool:
            # An index file may be replaced while it is read.
            with suppress(BlobMissingError):
                return names.isdisjoint(self.index_entries(*tables))
            return False

        wait_for(unindexed, 180, AUDIT_INTERVAL_S)

    @contextmanager
    def deletes_refused(self, names: Iterable[str]) -> Iterator[None]:
        """Lease blobs, so that no other client can delete them."""
        with self.container() as container:
            leases = [container._client.get_blob_client(name).acquire_lease() for name in names]
            try:
                yield
            finally:
                for lease in leases:
                    lease.release()

    @contextmanager
    def second_process(self, process: str) -> Iterator[None]:
        """Run a second process of the same kind, with its own disk and ports, as if started by mistake."""
        first = psutil.Process(pid_of(self.platform, process))
        second = f"{process[:-1]}1"
        variables = first.environ()
        others = {process: second, **{port: str(free_port()) for port in variables["LOGOPS_PORTS"].split()}}
        names = re.compile("|".join(others))

        def of_second(text: str) -> str:
            return names.sub(lambda match: others[match[0]], text)

        folder = self.platform.state / "data" / second
        folder.mkdir()
        with (folder / "log").open("w") as log:
            started = subprocess.Popen(
                [of_second(word) for word in first.cmdline()],
                cwd=folder,
                env={name: of_second(value) for name, value in variables.items()},
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            started.terminate()
            started.wait(60)
            # If the second process took over the work, Loki has stopped the sweeper of the first one
            # (pkg/compactor/retention/marker.go, Stop). Its context stays cancelled, so restart the first process.
            self.stop_process(process)
            Supervisord(self.platform.state).start_process(process)
            wait_until_ready(self.platform, process)
            wait_until_tidy(self)

    @contextmanager
    def started_with_flag(self, process: str, flag: str) -> Iterator[None]:
        """Run a process with one more flag, as a person starts it by hand."""
        command = [*psutil.Process(pid_of(self.platform, process)).cmdline(), flag]
        with self.started_by_hand(process, command):
            yield

    @contextmanager
    def started_by_hand(self, process: str, command: list[str]) -> Iterator[None]:
        """Run another command in place of a process. Afterwards, wait until its unfinished work is done."""
        first = psutil.Process(pid_of(self.platform, process))
        folder, variables = first.cwd(), first.environ()
        self.stop_process(process)
        with (self.platform.state / "by-hand.log").open("w") as log:
            started = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)
        try:
            yield
        finally:
            started.terminate()
            started.wait(60)
            Supervisord(self.platform.state).start_process(process)
            wait_until_ready(self.platform, process)
            wait_until_tidy(self)

    def stop_process(self, process: str) -> None:
        """Stop a process. supervisord does not restart it."""
        before = psutil.Process(pid_of(self.platform, process))
        Supervisord(self.platform.state).stop_process(process)
        before.wait(30)

    def lose_disk(self, process: str) -> None:
        """Stop a process, move its disk away, and start the process on an empty disk."""
        self.stop_process(process)
        disk = self.platform.state / "data" / process
        disk.rename(self.platform.state / f"lost-{process}")
        disk.mkdir()
        Supervisord(self.platform.state).start_process(process)

    @contextmanager
    def blob_changed(self, name: str, change: Callable[[bytes], bytes]) -> Iterator[None]:
        """Replace the content of a blob temporarily."""
        with self.container() as container:
            was = container.read(name)
            container.write(name, change(was))
            try:
                yield
            finally:
                container.write(name, was)


def from_of(name: str) -> int:
    """Return the time of a chunk's first line in Unix milliseconds."""
    return int(name.rpartition("/")[2].split("-")[0], 16)


def through_of(name: str) -> int:
    """Return the time of a chunk's last line in Unix milliseconds."""
    return int(name.rpartition("/")[2].split("-")[1], 16)


def day_of(name: str) -> int:
    """Return the day of a chunk's last line, in days since 1970."""
    return through_of(name) // DAY_MS


def start_history_cluster(folder: Path) -> HistoryCluster:
    """Start a distributed cluster that compacts and expires every few seconds, with its history in the bucket."""
    wanted = environment(
        "local",
        ("name", "audited"),
        ("platform.base_port", free_base_port()),
        ("clusters.security", None),
        ("storage_accounts.security", None),
        ("sources.audit", None),
        ("agents.promtail.sources", ["application", "access", "syslog"]),
        ("clusters.main.compactor.compaction_interval", "10s"),
        ("clusters.main.compactor.retention_delete_delay", "10s"),
    )
    platform = open_local(wanted, folder)
    apply_all(platform)
    filled = history.missing(None, False, DAYS, datetime.now(UTC))
    assert filled is not None
    cluster = HistoryCluster(platform, ResultsStore(str(folder / "results")))
    # Stop the compactor, because it would delete chunks while others are still pushed. Do not freeze it: an ingester
    # that starts asks the compactor for delete requests and would wait half a minute.
    cluster.stop_process("main-compactor-0")
    history.fill(
        history.destinations(wanted),
        platform.history_writer,
        filled,
        folder / "history",
        lambda lines, share: None,
    )
    cluster.pushed = cluster.index_entries()
    Supervisord(platform.state).start_process("main-compactor-0")
    wait_until_ready(platform, "main-compactor-0")
    return cluster


def wait_until_ready(platform: LocalPlatform, process: str) -> None:
    wait_for(lambda: statuses(platform)[process].ready, 90)


def wait_until_tidy(cluster: HistoryCluster) -> None:
    """Wait until the compactor has merged all files and deleted all expired chunks: a few minutes at most."""
    try:
        wait_for(cluster.is_tidy, 300, AUDIT_INTERVAL_S)
    except AssertionError:
        outcomes = cluster.audit(Check.COMPACTION), cluster.audit(Check.RETENTION)
        findings = [finding.message for outcome in outcomes for finding in outcome.findings]
        rows = [row for outcome in outcomes for row in outcome.rows if row.phase in (Phase.UNCOMPACTED, Phase.EXPIRED)]
        raise AssertionError(f"not tidy: {findings} {rows}") from None


def days_ahead(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)
