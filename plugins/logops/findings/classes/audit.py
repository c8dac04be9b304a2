"""Finding classes of the storage audits: compaction, retention, tiering.

`early-deletion-fee` is declared with the doctor's classes, because both report it.
"""

from logops.findings.model import FindingClass, Severity

TABLE_UNCOMPACTED = FindingClass(
    name="table-uncompacted",
    severity=Severity.WARNING,
    meaning="A table still has index files that ingesters uploaded longer ago than compaction may take.",
    why="Queries open every one of those files, and Loki applies retention to compacted tables only.",
    remedy="Read the compactor's log for the table's name (`logops logs ENV CLUSTER-compactor`); an error in one table "
    "ends the run for the older ones.",
)
COMPACTION_STALLED = FindingClass(
    name="compaction-stalled",
    severity=Severity.ERROR,
    meaning="Nothing in the bucket shows that the compactor has worked for longer than it may rest, though it has "
    "work.",
    why="While it stands still, the index grows file by file, nothing expires, and no delete request is carried out. "
    "Its own metrics may be green: tables that it skips count as success.",
    remedy="See whether the compactor runs and is the ring's one running member, has room on its disk and may write to "
    "the container; then restart it. It goes on where it stopped.",
)
TABLE_WITHOUT_SCHEMA = FindingClass(
    name="table-without-schema",
    severity=Severity.ERROR,
    meaning="A table lies in the bucket that no schema period of the environment covers.",
    why="Loki neither serves nor compacts nor expires it, and counts the run that skipped it as a success.",
    remedy="Put the period that wrote it back into schema_periods (a period, once written, is never changed or "
    "removed); if it is of another cluster, give that its own container.",
)
INDEX_DUPLICATE = FindingClass(
    name="index-duplicate",
    severity=Severity.WARNING,
    meaning="A tenant has more than one compacted index in a table, and the compactor has let them be.",
    why="Every query reads both; metric queries over unequal copies may count twice.",
    remedy="The compactor joins them in its next run on that table. If it does not, read its log for the table's name.",
)
INDEX_CORRUPT = FindingClass(
    name="index-corrupt",
    severity=Severity.CRITICAL,
    meaning="An index file cannot be read as Loki reads it: truncated, a checksum that does not fit, or no index at "
    "all.",
    why="Queries over its day fail, compaction of its table fails, and that ends the compactor's run for all older "
    "ones.",
    remedy="Restore the blob from a version or soft delete, or, where an ingester's copy is still whole (RF > 1), "
    "delete the corrupt one. The chunks themselves are not harmed; keep them.",
)
INGESTER_NOT_UPLOADING = FindingClass(
    name="ingester-not-uploading",
    severity=Severity.ERROR,
    meaning="An ingester that stores chunks has uploaded no index for longer than its rotation takes.",
    why="Its chunks are in the bucket and in no index: lost to queries as soon as it no longer holds them, and for "
    "good if its disk goes.",
    remedy="Read its log for `upload`; look at its disk and its right to write to the container. Do not remove its "
    "disk: the index files to upload lie there.",
)
MARKER_BACKLOG = FindingClass(
    name="marker-backlog",
    severity=Severity.WARNING,
    meaning="Chunks are out of the index and marked for deletion, and the sweeper does not get them deleted in time.",
    why="Logs that were promised to be gone are still there, and are paid for.",
    remedy="Raise retention_delete_worker_count; look for throttling by the storage account (503 ServerBusy) in the "
    "compactor's log.",
)
COMPACTOR_COUNT = FindingClass(
    name="compactor-count",
    severity=Severity.ERROR,
    meaning="Not exactly one compactor runs.",
    why="None: nothing is compacted or expires. Two: they delete each other's files, and chunks vanish or stay for "
    "ever.",
    remedy="Run one compactor. If it is said to run twice, stop both, wait for a minute, start one.",
)
RETENTION_OVERSHOOT = FindingClass(
    name="retention-overshoot",
    severity=Severity.ERROR,
    meaning="The index still points at chunks past their retention, longer than Loki takes to remove them.",
    why="Logs that were promised to be gone are stored, found by queries, and paid for.",
    remedy="See whether retention runs: `logops audit explain` tells what is in the table's way.",
)
RETENTION_UNDERSHOOT = FindingClass(
    name="retention-undershoot",
    severity=Severity.CRITICAL,
    meaning="Chunks that an earlier audit counted are gone from bucket and index before their time.",
    why="Logs that were promised to be kept are lost.",
    remedy="Find who deleted: the account's diagnostic log, lifecycle rules that delete, delete requests of the "
    "tenant. Blobs can be restored while soft delete holds them.",
)
CHUNK_MISSING = FindingClass(
    name="chunk-missing",
    severity=Severity.CRITICAL,
    meaning="The index points at chunks that are not in the bucket.",
    why="Their lines are lost, and every query that needs one of them fails.",
    remedy="Find who deleted: the account's diagnostic log, a lifecycle rule, another compactor. Restore the blobs "
    "while soft delete holds them; else the queries fail until the entries expire.",
)
CHUNK_ORPHANED = FindingClass(
    name="chunk-orphaned",
    severity=Severity.WARNING,
    meaning="Chunks lie in the bucket that no index points at, and nothing will ever delete them.",
    why="They are invisible to queries, kept beyond every promise, and paid for. Loki deletes a chunk by a marker on "
    "the compactor's disk: when that disk is lost, what was marked stays for ever.",
    remedy="Keep the compactor's disk (a volume). Once a second audit names the same chunks, delete those whose "
    "retention is over; those younger than that are logs that no query finds: keep them, and look for the lost index.",
)
DELETE_REQUEST_STUCK = FindingClass(
    name="delete-request-stuck",
    severity=Severity.ERROR,
    meaning="A delete request is not carried out, long after it could no longer be cancelled.",
    why="Somebody was promised that these lines are gone. They are still stored.",
    remedy="Read the compactor's log for the request's id; a query that deletes by line filter reads every chunk it "
    "covers and may be too slow in one piece: cancel it, and ask for shorter ranges.",
)
RETENTION_NOT_EFFECTIVE = FindingClass(
    name="retention-not-effective",
    severity=Severity.ERROR,
    meaning="The retention that Loki applies to a tenant is not the one that the environment declares.",
    why="Logs go too early or stay too long, silently: Loki keeps the last overrides it could read.",
    remedy="Roll the tenants stage out; if Loki refuses the file, its log and "
    "loki_runtime_config_last_reload_successful say so.",
)
TIER_TOO_WARM = FindingClass(
    name="tier-too-warm",
    severity=Severity.WARNING,
    meaning="Chunks are in a warmer tier than declared for their age, later than a lifecycle run may take.",
    why="They cost more than was planned.",
    remedy="See whether the policy is on the account and enabled, and when it last ran (the account's "
    "LifecyclePolicyCompleted events).",
)
TIER_TOO_COLD = FindingClass(
    name="tier-too-cold",
    severity=Severity.WARNING,
    meaning="Chunks are in a colder tier than declared for their age.",
    why="Queries that read them pay for each read, and moving them back costs a fee.",
    remedy="Find what moved them: another rule of the account's policy, or a person. Set their tier back if they are "
    "read.",
)
CHUNK_ARCHIVED = FindingClass(
    name="chunk-archived",
    severity=Severity.CRITICAL,
    meaning="The index points at chunks in the Archive tier, which are offline.",
    why="Every query that needs one fails (409 BlobArchived) until it is rehydrated, which takes up to 15 hours.",
    remedy="Rehydrate them (set tier Cool), and take the rule that archives out of the account's policy.",
)
INDEX_TIERED = FindingClass(
    name="index-tiered",
    severity=Severity.ERROR,
    meaning="Index files are in a tier other than Hot.",
    why="Every query reads the index, and the compactor rewrites it: each read costs, each rewrite pays an early "
    "deletion fee, and in the Archive tier all queries of the day fail.",
    remedy="Set their tier to Hot, and give lifecycle rules a tenant's prefix: a rule on the whole container takes the "
    "index with it.",
)
LIFECYCLE_POLICY_DRIFT = FindingClass(
    name="lifecycle-policy-drift",
    severity=Severity.ERROR,
    meaning="The lifecycle policy on the storage account is not the one that the environment declares.",
    why="Tiers, and what is deleted when, follow the policy on the account, whatever was declared.",
    remedy="Roll the storage stage out, and find who changed the policy.",
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
    DELETE_REQUEST_STUCK,
    RETENTION_NOT_EFFECTIVE,
)
TIERING = (
    TIER_TOO_WARM,
    TIER_TOO_COLD,
    CHUNK_ARCHIVED,
    INDEX_TIERED,
    LIFECYCLE_POLICY_DRIFT,
)
