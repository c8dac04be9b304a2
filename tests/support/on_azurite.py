"""Audits of a bucket on a real Azurite without a running Loki. Loki's own builder writes the index."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import loki_index
from logops.audit.report.outcome import Outcome
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
from tests.support.local_platforms import wait_for

ALL = tuple(Check)
CLUSTER = "main"
QUICK = ("clusters.main.compactor.compaction_interval", "1s")
"""A short compaction interval, so that an audit reports a waiting index file after four seconds."""


class OnAzurite(MemoryPlatform):
    """A platform without processes, with a storage account on Azurite."""

    def __init__(self, endpoint: str, container: str, key: str = KEY, changes: Sequence[tuple[str, Any]] = ()) -> None:
        wanted = environment(
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
        super().__init__(wanted, {})
        self._endpoint = endpoint
        self._key = key

    def object_store(self, account: str) -> ObjectStore:
        return ObjectStore.connect(ACCOUNT, AccountKey(self._key), self._endpoint)

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
    return Chunk(number, int((datetime.now(UTC) - timedelta(days=days_ago)).timestamp() * 1000), tenant)


@dataclass(frozen=True)
class Stored:
    """A separate container and its audits."""

    platform: OnAzurite
    container: Container
    folder: Path

    def put(self, *chunks: Chunk) -> None:
        """Store the blobs of these chunks."""
        for one in chunks:
            self.container.write(one.name, one.content)

    def index(self, *chunks: Chunk, uploader: str = "", table: str = "", written: float | None = None) -> str:
        """Store an index file of these chunks and return its name. All chunks must be of one table.

        Without `uploader`, the file is the compactor's and all chunks must be of one tenant.
        """
        name, content = self.built(*chunks, uploader=uploader, table=table, written=written)
        self.container.write(name, content)
        return name

    def built(
        self, *chunks: Chunk, uploader: str = "", table: str = "", written: float | None = None
    ) -> tuple[str, bytes]:
        """Return the name and content of the index file without storing it.

        written   Unix seconds; default: the end of the table's day
        """
        table = table or chunks[0].table
        of_tenant = () if uploader else (chunks[0].tenant,)
        seconds = (chunks[0].day + 1) * 86_400 if written is None else written
        ordered = sorted(chunks, key=lambda one: (one.number, one.through_ms))
        rows = np.zeros(len(ordered), loki_index.RECORD)
        rows["series"] = range(len(ordered))
        for field in ("from_ms", "through_ms"):
            rows[field] = [getattr(one, field) for one in ordered]
        rows["checksum"] = [one.number for one in ordered]
        rows["kb"] = rows["entries"] = 1
        streams = [
            (one.number, {"n": str(one.number), **({TENANT_LABEL: one.tenant} if uploader else {})}) for one in ordered
        ]
        built = loki_index.Table(self.folder, streams, rows, uploader=uploader, written=int(seconds) * 10**9)
        (file,) = loki_index.build(loki_index.program(), [built])
        return "/".join(("index", table, *of_tenant, file.name)), file.read_bytes()

    def healthy(self, *days_ago: float) -> list[Chunk]:
        """Store one chunk per age in days, each with its compacted index."""
        chunks = [chunk(days, nth + 1_000) for nth, days in enumerate(days_ago)]
        self.put(*chunks)
        for one in chunks:
            self.index(one)
        return chunks

    def asked(self, *checks: Check, days_ahead: float = 0) -> AuditRequest:
        """Return an audit request without slack and grace, so that one second late is reported."""
        as_of = datetime.now(UTC) + timedelta(days=days_ahead)
        return AuditRequest(checks or ALL, "test", as_of, (), Duration("0s"), Duration("0s"))

    def audit(self, *checks: Check, days_ahead: float = 0, store: ResultsStore | None = None) -> Outcome:
        return run_audit(self.platform, self.asked(*checks, days_ahead=days_ahead), store, lambda _: None)

    def until_found(self, *checks: Check) -> Outcome:
        """Repeat the audit until it has a finding."""
        outcomes: list[Outcome] = []

        def seen() -> bool:
            outcomes.append(self.audit(*checks))
            return bool(outcomes[-1].findings)

        wait_for(seen)
        return outcomes[-1]

    @contextmanager
    def surveyed(self, *checks: Check, days_ahead: float = 0) -> Iterator["Surveyed"]:
        """Yield an audit after its survey. Changes in the block happen between survey and judge."""
        asked, work = self.asked(*checks, days_ahead=days_ahead), str(self.folder / "work")
        yield Surveyed(self.platform, asked, work, survey(self.platform, asked, work, lambda _: None))


@dataclass(frozen=True)
class Surveyed:
    """An audit after its survey, before judge and reduce."""

    platform: OnAzurite
    asked: AuditRequest
    work: str
    batches: list[Any]

    def judged(self) -> Outcome:
        for batch in self.batches:
            judge(self.platform, self.asked, batch, None, lambda _: None)
        return reduce(self.platform, self.asked, self.work, self.batches, None)


def stored(
    store: ObjectStore, endpoint: str, name: str, folder: Path, changes: Sequence[tuple[str, Any]] = (QUICK,)
) -> Stored:
    """Create an empty container and its platform."""
    store.create_container(name)
    return Stored(OnAzurite(endpoint, name, changes=changes), store.container(name), folder)
