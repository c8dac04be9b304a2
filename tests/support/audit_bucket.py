"""A small bucket for tests of audits. Put chunks and their index, cause one fault, run the audit.

The bucket is a container on a real Azurite. Loki's own builder writes the index files. No Loki runs. The fixture
`bucket` (tests/integration/conftest.py) gives each test an empty bucket.

    >>> healthy, deleted = bucket.put_healthy(10, 20)     # two chunks, 10 and 20 days old, each with its index
    >>> bucket.audit().findings
    ()
    >>> bucket.container.delete([deleted.name])           # the fault: one blob is deleted
    1
    >>> finding = only_finding(bucket.audit())
    >>> finding.cls.name, finding.subject.tenant, finding.subject.table == deleted.table
    ('chunk-missing', 'platform', True)
    >>> deleted.name in finding.message
    True
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from benchmarks import loki_index
from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Check
from logops.audit.run import judge, reduce, run_audit, survey
from logops.audit.survey.objects import DAY_MS, chunk_name
from logops.clients.blob_storage import AccountKey, ObjectStore
from logops.clients.blob_storage.container import Container
from logops.environment.units import Duration
from logops.findings.store import ResultsStore
from logops.render.storage import lifecycle_policy
from tests.support.azurites import ACCOUNT, KEY
from tests.support.environments import environment
from tests.support.fakes.memory_platform import MemoryPlatform
from tests.support.index_files import TENANT_LABEL
from tests.support.storage_proxy import storage_proxy
from tests.support.waiting import wait_for

ALL = tuple(Check)
CLUSTER = "main"
FAST_COMPACTION = ("clusters.main.compactor.compaction_interval", "1s")
"""A short compaction interval, so that an audit reports a waiting index file after four seconds."""


class AzuritePlatform(MemoryPlatform):
    """A platform without processes whose storage account is on Azurite."""

    def __init__(self, endpoint: str, container: str, key: str = KEY, changes: Sequence[tuple[str, Any]] = ()) -> None:
        declared = environment(
            "local",
            ("clusters.security", None),
            ("storage_accounts.security", None),
            ("sources", {}),
            ("agents", {}),
            ("clusters.main.canary", None),
            ("clusters.main.containers.chunks", container),
            ("storage_accounts.main.containers", [container, "loki-ruler"]),
            ("storage_accounts.main.lifecycle", []),
            *changes,
        )
        super().__init__(declared, {})
        self.endpoint = endpoint
        self._key = key

    def object_store(self, account: str) -> ObjectStore:
        return ObjectStore.connect(ACCOUNT, AccountKey(self._key), self.endpoint)

    def lifecycle_policy(self, account: str) -> Mapping[str, Any]:
        return lifecycle_policy(self.environment, account)


@dataclass(frozen=True)
class Chunk:
    """A chunk of one stream that spans at most one hour."""

    number: int
    through_ms: int
    tenant: str = "platform"

    @property
    def day(self) -> int:
        return self.through_ms // DAY_MS

    @property
    def table(self) -> str:
        return f"loki_index_{self.day}"

    @property
    def from_ms(self) -> int:
        return max(self.through_ms - 3_600_000, self.day * DAY_MS)

    @property
    def name(self) -> str:
        return chunk_name(self.tenant, self.number, self.from_ms, self.through_ms, self.number)

    @property
    def content(self) -> bytes:
        return b"x" * (100 + self.number % 100)


def chunk(days_ago: float, number: int = 1, tenant: str = "platform") -> Chunk:
    """Return a chunk whose last line is `days_ago` days old. Negative: its last line is in the future.

    number   fingerprint and checksum; use another number for each chunk of a table
    """
    return Chunk(number, int((datetime.now(UTC) - timedelta(days=days_ago)).timestamp() * 1000), tenant)


@dataclass(frozen=True)
class AuditBucket:
    """A container of chunks and index files, and its audits.

    `container` reads, writes, deletes and moves blobs between tiers: use it to cause a fault.
    """

    platform: AzuritePlatform
    container: Container
    folder: Path
    """Scratch folder for the index builder."""

    def put_chunks(self, *chunks: Chunk) -> None:
        """Store the blobs of these chunks. No index lists them yet."""
        for chunk in chunks:
            self.container.write(chunk.name, chunk.content)

    def put_index(self, *chunks: Chunk, uploader: str = "", table: str = "", written: float | None = None) -> str:
        """Store an index file that lists these chunks, and return its name. All chunks must be of one table.

        uploader   the ingester that uploaded the file; default: the compactor wrote it for one tenant
        table      another table than the one of the chunks' day
        written    when the file was written, Unix seconds; default: the end of the table's day
        """
        name, content = self.build_index(*chunks, uploader=uploader, table=table, written=written)
        self.container.write(name, content)
        return name

    def build_index(
        self, *chunks: Chunk, uploader: str = "", table: str = "", written: float | None = None
    ) -> tuple[str, bytes]:
        """Return the name and content of the index file that `put_index` stores, without storing it."""
        table = table or chunks[0].table
        of_tenant = () if uploader else (chunks[0].tenant,)
        seconds = (chunks[0].day + 1) * 86_400 if written is None else written
        ordered = sorted(chunks, key=lambda chunk: (chunk.number, chunk.through_ms))
        rows = np.zeros(len(ordered), loki_index.RECORD)
        rows["series"] = range(len(ordered))
        for field in ("from_ms", "through_ms"):
            rows[field] = [getattr(chunk, field) for chunk in ordered]
        rows["checksum"] = [chunk.number for chunk in ordered]
        rows["kb"] = rows["entries"] = 1
        streams = [
            (chunk.number, {"n": str(chunk.number), **({TENANT_LABEL: chunk.tenant} if uploader else {})})
            for chunk in ordered
        ]
        index = loki_index.Table(self.folder, streams, rows, uploader=uploader, written=int(seconds) * 10**9)
        (file,) = loki_index.build(loki_index.program(), [index])
        return "/".join(("index", table, *of_tenant, file.name)), file.read_bytes()

    def put_healthy(self, *days_ago: float) -> list[Chunk]:
        """Store one chunk for each age, each with its compacted index. An audit of the bucket finds no fault.

        Use ages on different days: each chunk gets its own table.
        """
        chunks = [chunk(days, number) for number, days in enumerate(days_ago, 1_000)]
        self.put_chunks(*chunks)
        for healthy in chunks:
            self.put_index(healthy)
        return chunks

    def index_files(self, table: str) -> list[str]:
        """Return the names of the index files of a table."""
        batches = self.container.list((f"index/{table}/",)).batches
        return [name for batch in batches for name in batch["name"].to_pylist()]

    def request(self, *checks: Check, days_ahead: float = 0) -> AuditRequest:
        """Return an audit request without slack and grace, so that one second late is reported."""
        as_of = datetime.now(UTC) + timedelta(days=days_ahead)
        return AuditRequest(checks or ALL, "test", as_of, (), Duration("0s"), Duration("0s"))

    def audit(self, *checks: Check, days_ahead: float = 0, store: ResultsStore | None = None) -> AuditResult:
        """Run an audit.

        checks       default: all, so that a test also notices other findings
        days_ahead   judge the bucket as of this many days from now
        store        where to write the names of faulty chunks
        """
        return run_audit(self.platform, self.request(*checks, days_ahead=days_ahead), store, lambda _: None)

    def audit_until_found(self, *checks: Check) -> AuditResult:
        """Repeat the audit until it reports a finding, for faults that take seconds to become one."""
        outcomes: list[AuditResult] = []

        def seen() -> bool:
            outcomes.append(self.audit(*checks))
            return bool(outcomes[-1].findings)

        wait_for(seen)
        return outcomes[-1]

    @contextmanager
    def before_request(self, act: Callable[[str, str], None]) -> Iterator[None]:
        """Call `act` before each request of an audit reaches the storage, for changes while the audit is reading.

        act   takes the method and the path without its query; never called twice at a time
        """
        lock, direct = Lock(), self.platform.endpoint

        def refuses(method: str, target: str) -> bool:
            with lock:
                act(method, unquote(target.partition("?")[0]))
            return False

        port = urlsplit(direct).port
        assert port
        with storage_proxy(port, refuses) as proxy_port:
            self.platform.endpoint = direct.replace(f":{port}/", f":{proxy_port}/")
            try:
                yield
            finally:
                self.platform.endpoint = direct

    @contextmanager
    def surveyed(self, *checks: Check, days_ahead: float = 0) -> Iterator["SurveyedAudit"]:
        """Yield an audit after its survey. Changes in the block happen between survey and judge."""
        request, work_dir = self.request(*checks, days_ahead=days_ahead), str(self.folder / "work")
        yield SurveyedAudit(self.platform, request, work_dir, survey(self.platform, request, work_dir, lambda _: None))


@dataclass(frozen=True)
class SurveyedAudit:
    """An audit after its survey, before judge and reduce."""

    platform: AzuritePlatform
    request: AuditRequest
    work_dir: str
    batches: list[Any]

    def judge_and_reduce(self) -> AuditResult:
        for batch in self.batches:
            judge(self.platform, self.request, batch, None, lambda _: None)
        return reduce(self.platform, self.request, self.work_dir, self.batches, None)


def create_bucket(
    store: ObjectStore, endpoint: str, name: str, folder: Path, changes: Sequence[tuple[str, Any]] = (FAST_COMPACTION,)
) -> AuditBucket:
    """Create an empty container and its platform."""
    store.create_container(name)
    return AuditBucket(AzuritePlatform(endpoint, name, changes=changes), store.container(name), folder)
