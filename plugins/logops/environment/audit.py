"""Settings of the audits: tolerances and memory."""

from typing import Annotated

from pydantic import Field

from logops.environment.base import Model
from logops.environment.units import Duration, Size


class ContentAudit(Model):
    """How much the content audit reads."""

    cover_within: Duration = Duration("30d")
    """Time in which every chunk should be read and verified once."""
    budget: Size = Size("50GiB")
    """Bytes of chunks that a run may read. If that is too little, covering every chunk takes longer."""


class Audit(Model):
    """Tolerances of the audits, and the memory that they may use."""

    grace: Duration = Duration("30m")
    """Minimum age of a chunk before it must be in an index. Ingesters rotate their index files every 15 minutes and
    upload them a minute later (pkg/storage/stores/shipper/indexshipper/tsdb/manager.go)."""
    slack: Duration = Duration("6h")
    """Permitted delay of compaction, retention and deletion."""
    tier_slack: Duration = Duration("3d")
    """Permitted delay of a lifecycle rule. Azure runs a policy once a day, and a run may take days."""
    kept_longer: Duration | None = None
    """How much longer than its retention a line may be kept because its chunk has newer lines. Null: `sync_period`, or
    `max_chunk_age` and `chunk_idle_period` together if they are longer."""
    memory: Size = Size("1GiB")
    """Memory that DuckDB may use in a task. It uses the disk for more."""
    chunks_per_task: Annotated[int, Field(ge=1)] = 5_000_000
    """Most chunks that one task judges: some ten seconds of work. A table with more has a task of its own. With
    KubernetesExecutor, pods have the memory for a table of this size."""
    content: ContentAudit = ContentAudit()
