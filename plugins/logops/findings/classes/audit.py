"""Finding classes of the storage audits: compaction, retention, tiering.

`early-deletion-fee` is declared with the doctor's classes, because both report it.
"""

from logops.findings.model import FindingClass, Severity

TABLE_UNCOMPACTED = FindingClass(
    name="table-uncompacted",
    severity=Severity.WARNING,
    meaning="A table has index files that ingesters uploaded longer ago than a compaction may take.",
    why="Queries open every one of these files, and Loki applies retention only to compacted tables.",
    remedy="Search the compactor's log for the table's name. If its processes run on this machine: "
    "`logops logs ENV --lines 5000 | grep TABLE`. An error in one table stops the run before the older tables.",
)
COMPACTION_STALLED = FindingClass(
    name="compaction-stalled",
    severity=Severity.ERROR,
    meaning="The compactor has work, but nothing in the bucket shows that it has done any for too long.",
    why="While it does nothing, the index grows file by file, nothing expires, and no delete request is carried "
    "out. Its own metrics may be green: skipped tables count as success.",
    remedy="Check that the compactor runs, is the only active member of its ring, has disk space, and may write to "
    "the container. Then restart it; it resumes.",
)
TABLE_WITHOUT_SCHEMA = FindingClass(
    name="table-without-schema",
    severity=Severity.ERROR,
    meaning="The bucket has a table that no schema period of the environment covers.",
    why="Loki neither serves nor compacts nor expires it, and counts the run that skipped it as a success.",
    remedy="Put the period that wrote it back into schema_periods: a period that was used is never changed or "
    "removed. If the table belongs to another cluster, give that cluster its own container.",
)
INDEX_DUPLICATE = FindingClass(
    name="index-duplicate",
    severity=Severity.WARNING,
    meaning="A tenant has more than one compacted index in a table, and the compactor did not join them.",
    why="Every query reads both. Metric queries may count twice if the copies differ.",
    remedy="The compactor joins them in its next run on that table. If it does not, search its log for the table's "
    "name.",
)
INDEX_CORRUPT = FindingClass(
    name="index-corrupt",
    severity=Severity.CRITICAL,
    meaning="An index file cannot be read: it is truncated, a checksum is wrong, or it is not an index.",
    why="Queries of its day fail. Compaction of its table fails, which stops the compactor's run before all older "
    "tables.",
    remedy="Restore the blob from a version or from soft delete. If another ingester has an intact copy (RF > 1), "
    "delete the corrupt file instead. The chunks are not damaged; keep them.",
)
INGESTER_NOT_UPLOADING = FindingClass(
    name="ingester-not-uploading",
    severity=Severity.ERROR,
    meaning="An ingester stores chunks but has uploaded no index for longer than its rotation takes.",
    why="Its chunks are in the bucket and in no index. Queries lose them as soon as the ingester no longer holds "
    "them, and they are lost for good if its disk is lost.",
    remedy="Search its log for `upload`. Check its disk and its permission to write to the container. Do not remove "
    "its disk: the index files to upload are on it.",
)
MARKER_BACKLOG = FindingClass(
    name="marker-backlog",
    severity=Severity.WARNING,
    meaning="Chunks are out of the index and marked for deletion, but the sweeper does not delete them in time.",
    why="Logs that should be deleted are still stored and paid for.",
    remedy="Raise retention_delete_worker_count. Search the compactor's log for throttling by the storage account "
    "(503 ServerBusy).",
)
COMPACTOR_COUNT = FindingClass(
    name="compactor-count",
    severity=Severity.ERROR,
    meaning="The number of running compactors is not one.",
    why="Without a compactor, nothing is compacted or expires. Two compactors delete each other's files, and "
    "chunks are lost or stay for ever.",
    remedy="Run one compactor. If two are running, stop both, wait a minute, and start one.",
)
RETENTION_OVERSHOOT = FindingClass(
    name="retention-overshoot",
    severity=Severity.ERROR,
    meaning="The index still lists chunks past their retention, for longer than Loki takes to remove them.",
    why="Logs that should be deleted are stored, found by queries, and paid for.",
    remedy="Check that the compactor runs with retention_enabled, and search its log for the table's name. If its "
    "processes run on this machine: `logops logs ENV --lines 5000 | grep TABLE`. The phase of the table, and what "
    "blocks it: `logops audit explain ENV TABLE TENANT`.",
)
RETENTION_UNDERSHOOT = FindingClass(
    name="retention-undershoot",
    severity=Severity.CRITICAL,
    meaning="Chunks that an earlier audit counted are gone from bucket and index before their time.",
    why="Logs that were promised to be kept are lost.",
    remedy="Find out who deleted them: the account's diagnostic log, lifecycle rules that delete, delete requests of "
    "the tenant. Blobs can be restored while soft delete keeps them.",
)
LINES_KEPT_LONGER = FindingClass(
    name="lines-kept-longer",
    severity=Severity.WARNING,
    meaning="Chunks have lines of a longer time than allowed, so their first lines are kept longer than promised.",
    why="Loki deletes a chunk when its last line expires. Until then queries find the first lines, and they are paid "
    "for. They must not be kept if the retention is a legal limit.",
    remedy="Find the source that sends late lines: an agent that caught up after an outage, an import of old logs, a "
    "wrong clock. Streams with few lines are affected most, because nothing else closes their chunks. Lower the "
    "tenant's reject_old_samples_max_age, or import old logs day by day and flush the ingesters after each day. If the "
    "lines must go in time, send a delete request for them. If they may stay, raise audit.kept_longer.",
)
CHUNK_MISSING = FindingClass(
    name="chunk-missing",
    severity=Severity.CRITICAL,
    meaning="The index lists chunks that are not in the bucket.",
    why="Their lines are lost, and every query that needs one of them fails.",
    remedy="Find out who deleted them: the account's diagnostic log, a lifecycle rule, another compactor. Restore "
    "the blobs while soft delete keeps them; otherwise the queries fail until the entries expire.",
)
CHUNK_ORPHANED = FindingClass(
    name="chunk-orphaned",
    severity=Severity.WARNING,
    meaning="The bucket has chunks that no index lists, and nothing will ever delete them.",
    why="Queries do not find them, they are kept longer than promised, and they are paid for. Loki deletes chunks "
    "with markers on the compactor's disk: if that disk is lost, marked chunks stay for ever.",
    remedy="Keep the compactor's disk (a volume). When a second audit names the same chunks, delete those past their "
    "retention. Keep the younger ones: they are logs that no query finds. Look for the lost index.",
)
INDEX_MISPLACED = FindingClass(
    name="index-misplaced",
    severity=Severity.CRITICAL,
    meaning="An index file is intact, but it is another index than that of its table and tenant.",
    why="Queries of that day miss the tenant's logs without an error, or fail because they look for chunks that the "
    "tenant does not have. The compactor applies retention to the wrong chunks.",
    remedy="Restore the file from a version or from soft delete. Find out what copied it: a restore or a script that "
    "mixed up folders. The tenant's chunks of that day are not damaged; keep them, although no index lists them.",
)
INDEX_LOST = FindingClass(
    name="index-lost",
    severity=Severity.CRITICAL,
    meaning="Chunks that an earlier audit counted in the index are still in the bucket, but no index lists them.",
    why="No query finds their lines, and nothing will delete the chunks after their retention.",
    remedy="Do not delete the chunks: they are intact. Restore the index file below index/TABLE/TENANT/ from soft "
    "delete or from a version; then queries find the lines again. Find out who deleted it: the account's diagnostic "
    "log, a lifecycle rule that includes index/, a second compactor.",
)
_RESTORE_CHUNK = (
    "Restore the content from a version of the blob, a soft-deleted snapshot, or a copy in another region (object "
    "replication, read access to the secondary). With a replication factor above 1, another ingester's chunk of the "
    "same stream and time has the lines, and queries read it as well. Find out who wrote the blob: Loki writes it once."
)
CHUNK_EMPTY = FindingClass(
    name="chunk-empty",
    severity=Severity.CRITICAL,
    meaning="Chunks that should have lines have 0 bytes.",
    why="Their lines are lost, and queries that need them fail or return too little.",
    remedy=_RESTORE_CHUNK,
)
CHUNK_CORRUPT = FindingClass(
    name="chunk-corrupt",
    severity=Severity.CRITICAL,
    meaning="Chunks are damaged: their content is not what Loki wrote, or not what their index says.",
    why="Loki reads no line of a chunk whose checksum is wrong. Queries that need it fail or return too little.",
    remedy=_RESTORE_CHUNK,
)
DELETE_REQUEST_STUCK = FindingClass(
    name="delete-request-stuck",
    severity=Severity.ERROR,
    meaning="A delete request is not carried out, long after it could no longer be cancelled.",
    why="Somebody was promised that these lines are deleted. They are still stored.",
    remedy="Search the compactor's log for the request's id. A request with a line filter reads every chunk in its "
    "range and may be too large: cancel it, and send requests for shorter ranges.",
)
RETENTION_NOT_EFFECTIVE = FindingClass(
    name="retention-not-effective",
    severity=Severity.ERROR,
    meaning="Loki applies another retention to a tenant than the environment declares.",
    why="Logs are deleted too early or too late, silently: Loki keeps the last overrides that it could read.",
    remedy="Roll out the stage `tenants`. If Loki refuses the file, its log and "
    "loki_runtime_config_last_reload_successful say so.",
)
TIER_TOO_WARM = FindingClass(
    name="tier-too-warm",
    severity=Severity.WARNING,
    meaning="Chunks are in a warmer tier than declared for their age, for longer than a lifecycle run may take.",
    why="They cost more than planned.",
    remedy="Check that the policy is on the account and enabled, and when it last ran (the account's "
    "LifecyclePolicyCompleted events).",
)
TIER_TOO_COLD = FindingClass(
    name="tier-too-cold",
    severity=Severity.WARNING,
    meaning="Chunks are in a colder tier than declared for their age.",
    why="Queries pay for each read, and moving the chunks back costs a fee.",
    remedy="Find out what moved them: another rule of the account's policy, or a person. Set their tier back if they "
    "are read.",
)
CHUNK_ARCHIVED = FindingClass(
    name="chunk-archived",
    severity=Severity.CRITICAL,
    meaning="The index lists chunks in the Archive tier, which are offline.",
    why="Every query that needs one fails (409 BlobArchived) until it is rehydrated, which takes up to 15 hours.",
    remedy="Rehydrate them (set their tier to Cool), and remove the archiving rule from the account's policy.",
)
INDEX_TIERED = FindingClass(
    name="index-tiered",
    severity=Severity.ERROR,
    meaning="Index files are in another tier than Hot.",
    why="Every query reads the index, and the compactor rewrites it: each read costs money, and each rewrite an "
    "early deletion fee. In the Archive tier, all queries of the day fail.",
    remedy="Set their tier to Hot, and limit lifecycle rules to a tenant's prefix: a rule for the whole container "
    "includes the index.",
)
LIFECYCLE_POLICY_DRIFT = FindingClass(
    name="lifecycle-policy-drift",
    severity=Severity.ERROR,
    meaning="The lifecycle policy on the storage account differs from the declared one.",
    why="The policy on the account decides about tiers and deletions, not the declared one.",
    remedy="Roll out the stage `storage`, and find out who changed the policy.",
)
COMPACTION = (
    TABLE_UNCOMPACTED,
    COMPACTION_STALLED,
    TABLE_WITHOUT_SCHEMA,
    INDEX_DUPLICATE,
    INDEX_CORRUPT,
    INGESTER_NOT_UPLOADING,
    MARKER_BACKLOG,
    COMPACTOR_COUNT,
)
RETENTION = (
    RETENTION_OVERSHOOT,
    RETENTION_UNDERSHOOT,
    CHUNK_MISSING,
    CHUNK_ORPHANED,
    INDEX_LOST,
    LINES_KEPT_LONGER,
    DELETE_REQUEST_STUCK,
    RETENTION_NOT_EFFECTIVE,
)
CONTENT = (
    CHUNK_EMPTY,
    CHUNK_CORRUPT,
    INDEX_MISPLACED,
)
TIERING = (
    TIER_TOO_WARM,
    TIER_TOO_COLD,
    CHUNK_ARCHIVED,
    INDEX_TIERED,
    LIFECYCLE_POLICY_DRIFT,
)
