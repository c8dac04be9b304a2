"""How patient the audits are, and how much of a machine they take."""

from logops.environment.base import Model
from logops.environment.units import Duration, Size


class Audit(Model):
    """What is younger or later than this by less is not judged yet."""

    grace: Duration = Duration("30m")
    """A blob younger than this may be in no index yet: ingesters rotate their index files every 15 minutes and upload
    them a minute later (pkg/storage/stores/shipper/indexshipper/tsdb/manager.go)."""
    slack: Duration = Duration("6h")
    """How late compaction, retention and deletion may be, after the moment at which they should be done."""
    tier_slack: Duration = Duration("3d")
    """How late a lifecycle rule may be: Azure runs a policy once a day, and a run may take days."""
    memory: Size = Size("1GiB")
    """DuckDB's part of a task's memory; beyond it, it works on disk."""
