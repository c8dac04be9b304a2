"""Finding classes that only Prometheus reports, from the metrics of running processes (include/prometheus/rules)."""

from logops.findings.model import FindingClass, Severity

PROCESS_DOWN = FindingClass(
    name="process-down",
    severity=Severity.ERROR,
    meaning="A process of Loki, a canary, an Alertmanager, Prometheus or logops does not answer.",
    why="Its part of the work is not done. If it is the last of its kind, logs are refused or queries fail.",
    remedy="`logops status ENV` shows why it does not run, and `logops logs ENV` its last lines. "
    "A rollout starts it again: `logops up ENV`.",
)
RING_UNHEALTHY = FindingClass(
    name="ring-unhealthy",
    severity=Severity.ERROR,
    meaning="Members of a ring have sent no heartbeat for too long.",
    why="With more than one unhealthy ingester of three, Loki refuses all lines.",
    remedy="`logops status ENV` shows the rings. Start a member that should be there. Tell the ring to forget a member "
    "that will not come back (button Forget on its page `/ring`).",
)
RETENTION_STALLED = FindingClass(
    name="retention-stalled",
    severity=Severity.ERROR,
    meaning="The compactor runs, but it has not applied retention for hours.",
    why="Logs are kept for longer than promised, and their storage is paid.",
    remedy="Read the compactor's log for `retention`: `logops logs ENV`. Usually one table cannot be read or written. "
    "`logops audit retention ENV` shows which chunks are overdue.",
)
FLUSH_FAILING = FindingClass(
    name="flush-failing",
    severity=Severity.ERROR,
    meaning="An ingester cannot write chunks to the object store.",
    why="Logs stay in its memory and in its write-ahead log. When the disk is full, they are lost if it crashes.",
    remedy="Read its log: `logops logs ENV`. If the object store refuses it, correct the account key or the network. "
    "Do not restart the ingester before it can write.",
)
OBJECT_STORE_FAILING = FindingClass(
    name="object-store-failing",
    severity=Severity.ERROR,
    meaning="Many operations of a cluster on its object store fail.",
    why="Queries over older logs fail, chunks are not stored, and compaction and retention stand still.",
    remedy="Look at the storage account in Azure: is it throttled, is its key valid, does its firewall let Loki in? "
    "`logops audit compaction ENV` shows what already waits.",
)
INGESTION_NEAR_LIMIT = FindingClass(
    name="ingestion-near-limit",
    severity=Severity.WARNING,
    meaning="A tenant sends more than 80 % of the bytes per second that its limit allows.",
    why="Above the limit, Loki refuses lines. Agents send them again until their buffer is full; then they are lost.",
    remedy="Find the source that grew: `logops quality show ENV`. Let it write less, or raise `ingestion_rate_mb` of "
    "the tenant in the environment file and roll it out.",
)
STREAMS_NEAR_LIMIT = FindingClass(
    name="streams-near-limit",
    severity=Severity.WARNING,
    meaning="A tenant has more than 80 % of the streams that its limit allows.",
    why="Above the limit, Loki refuses the lines of every new stream, such as those of a new pod.",
    remedy="Find the label with many values: `logops quality show ENV`. Move it to structured metadata, or raise "
    "`max_global_streams_per_user` of the tenant and roll it out.",
)
TAILS_NEAR_LIMIT = FindingClass(
    name="tails-near-limit",
    severity=Severity.WARNING,
    meaning="People follow logs live with almost as many connections as a tenant may have.",
    why="Above the limit, Loki refuses the next one.",
    remedy="Close live views that nobody watches, or raise `max_concurrent_tail_requests` and roll it out.",
)
RESULTS_UNREACHABLE = FindingClass(
    name="results-unreachable",
    severity=Severity.ERROR,
    meaning="The process that counts findings for Prometheus cannot read the results store.",
    why="Prometheus does not see whether the delivery of alerts still runs. Checks can probably not record results.",
    remedy="Read the log of the process `metrics`: `logops logs ENV metrics`. It names the place and the reason. "
    "`results` in the environment file names the store.",
)

CLASSES = (
    PROCESS_DOWN,
    RING_UNHEALTHY,
    RETENTION_STALLED,
    FLUSH_FAILING,
    OBJECT_STORE_FAILING,
    INGESTION_NEAR_LIMIT,
    STREAMS_NEAR_LIMIT,
    TAILS_NEAR_LIMIT,
    RESULTS_UNREACHABLE,
)
