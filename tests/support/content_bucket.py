"""Real chunks for tests of the content audit: Loki's own code writes them and the index that lists them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks import loki_index
from benchmarks.loki_index import ChunkToWrite
from logops.audit.content.request import ContentRequest
from logops.audit.content.result import ContentResult
from logops.audit.content.run import request_of, run_content_audit
from logops.audit.survey.objects import DAY_MS
from logops.chunks import ChunkName
from logops.findings.store import ResultsStore
from tests.support.audit_bucket import AuditBucket


@dataclass(frozen=True)
class RealChunk:
    """A stored chunk, as its index lists it."""

    name: str
    kb: int
    entries: int

    @property
    def parsed(self) -> ChunkName:
        parsed = ChunkName.parse(self.name)
        assert parsed
        return parsed

    @property
    def table(self) -> str:
        return f"loki_index_{self.parsed.through_ms // DAY_MS}"


@dataclass(frozen=True)
class ContentBucket:
    """A bucket with real chunks, and its content audits."""

    audits: AuditBucket

    @property
    def container(self) -> Any:
        return self.audits.container

    def put(
        self,
        *ages_days: float,
        tenant: str = "platform",
        lines: int = 50,
        encoding: str = "snappy",
        more_in_index: int = 0,
    ) -> list[RealChunk]:
        """Store a chunk for each age, and their indexes.

        more_in_index   lines that the index lists in addition
        """
        chunks = [
            RealChunk(written.name, written.kb, written.entries)
            for written in loki_index.write_chunks(
                loki_index.program(),
                [self._chunk(nth, age, tenant, lines, encoding) for nth, age in enumerate(ages_days)],
            )
        ]
        for chunk in chunks:
            self.container.write(chunk.name, (self.audits.folder / "chunks" / chunk.name).read_bytes())
        by_table: dict[str, list[RealChunk]] = defaultdict(list)
        for chunk in chunks:
            by_table[chunk.table].append(chunk)
        for table, of_table in by_table.items():
            self._put_index(table, tenant, of_table, more_in_index)
        return chunks

    def _chunk(self, nth: int, age_days: float, tenant: str, lines: int, encoding: str) -> ChunkToWrite:
        day = datetime.now(UTC) - timedelta(days=age_days)
        start = int(day.replace(hour=1, minute=nth % 60, second=0, microsecond=0).timestamp()) * 10**9
        return ChunkToWrite(
            self.audits.folder / "chunks",
            tenant,
            1_000 + nth,
            {"service": f"service-{nth}"},
            [
                (
                    start + line * 10**9,
                    f"request {line} of {tenant} took {line * 37 % 1_000} ms",
                    {"trace_id": f"{line:x}"},
                )
                for line in range(lines)
            ],
            encoding=encoding,
            block_size=600,
        )

    def _put_index(self, table: str, tenant: str, chunks: Sequence[RealChunk], more_in_index: int) -> None:
        ordered = sorted(chunks, key=lambda chunk: chunk.parsed.fingerprint)
        rows = np.zeros(len(ordered), loki_index.RECORD)
        rows["series"] = range(len(ordered))
        for part in ("from_ms", "through_ms", "checksum"):
            rows[part] = [getattr(chunk.parsed, part) for chunk in ordered]
        rows["kb"] = [chunk.kb for chunk in ordered]
        rows["entries"] = [chunk.entries + more_in_index for chunk in ordered]
        streams = [(chunk.parsed.fingerprint, {"n": str(nth)}) for nth, chunk in enumerate(ordered)]
        built = loki_index.Table(self.audits.folder, streams, rows)
        (file,) = loki_index.build(loki_index.program(), [built])
        self.container.write(f"index/{table}/{tenant}/{file.name}", file.read_bytes())

    def request(self, run_id: str = "test", **options: Any) -> ContentRequest:
        return request_of(self.audits.platform.environment, run_id, datetime.now(UTC), **options)

    def audit(self, store: ResultsStore | None = None, run_id: str = "test", **options: Any) -> ContentResult:
        """Run a content audit. `options`: tables, tenant, budget."""
        result = run_content_audit(
            self.audits.platform, self.request(run_id, **options), store, lambda _: None, lambda _: True
        )
        assert result
        return result

    def audit_all(self) -> ContentResult:
        """Read all chunks of the tenant `platform`."""
        return self.audit(tenant="platform")
