"""Turn the result for a cluster into the findings of each audit. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from logops.audit.findings.compaction import Compaction, compaction_findings
from logops.audit.findings.effective_limits import not_effective
from logops.audit.findings.messages import finding_of
from logops.audit.judge.batch_result import BatchResult, Unreadable
from logops.audit.judge.table_stats import Fault
from logops.audit.policy.audit_policy import AuditPolicy
from logops.audit.policy.delete_requests import stuck
from logops.audit.policy.lifecycle import PolicyComparison
from logops.audit.policy.retention import declared_rules
from logops.audit.request import Check
from logops.audit.survey.loki_state import LokiState
from logops.audit.survey.objects import IndexFile
from logops.clients.blob_storage.blobs import Tier
from logops.environment import Environment
from logops.findings import Finding, Subject
from logops.findings.classes import audit as classes
from logops.findings.classes.doctor import EARLY_DELETION_FEE
from logops.findings.classes.rollout import CHECK_INCOMPLETE

_CHUNKS: dict[Check, frozenset[str]] = {
    Check.COMPACTION: frozenset(),
    Check.RETENTION: frozenset({cls.name for cls in classes.RETENTION} | {classes.MARKER_BACKLOG.name}),
    Check.TIERING: frozenset({cls.name for cls in classes.TIERING} | {EARLY_DELETION_FEE.name}),
}
"""The chunk faults that each audit reports."""


_UNINDEXED = classes.INGESTER_NOT_UPLOADING.name
"""Chunks in no index because an ingester does not upload: reported for the ingester, not for the table."""


@dataclass(frozen=True)
class ClusterAudit:
    """Everything that an audit found out about a cluster."""

    environment: Environment
    cluster: str
    as_of: datetime
    now: datetime
    """When it was surveyed."""
    files: Sequence[IndexFile]
    live: LokiState
    terms: AuditPolicy
    part: BatchResult
    """All batches joined."""
    policy: PolicyComparison | None = None
    """The policy of the cluster's account; None if tiers were not audited."""
    names: str = ""
    """Where the names of all faulty chunks are stored."""

    @property
    def waiting(self) -> list[IndexFile]:
        """Files that have waited too long for the compactor."""
        return _compaction(self).waiting

    def subject(self, **parts: str) -> Subject:
        return Subject(environment=self.environment.name, cluster=self.cluster, **parts)


def findings_of(check: Check, seen: ClusterAudit) -> list[Finding]:
    """Return the findings of one audit. If a cause is reported, its consequences are not."""
    incomplete = [*_incomplete(seen)]
    if check is Check.TIERING:
        return [*incomplete, *_faults(check, seen, seen.part.faults), *_index_tiered(seen), *_policy_drift(seen)]
    compaction = compaction_findings(_compaction(seen))
    corrupt = [*_corrupt(seen)]
    unasked = [*_unasked(seen, compaction)]
    if check is Check.COMPACTION:
        return [*incomplete, *unasked, *corrupt, *_not_of_corrupt(compaction, seen)]
    own = seen.environment.clusters[seen.cluster]
    about = (seen.environment.name, seen.cluster, seen.as_of)
    return [
        *incomplete,
        *unasked,
        *corrupt,
        *not_effective(declared_rules(own), seen.live, *about),
        *stuck(seen.live, own, seen.terms.windows, *about),
        *_retention(seen, compaction, unasked),
    ]


def _compaction(seen: ClusterAudit) -> Compaction:
    return Compaction(
        environment=seen.environment.name,
        cluster=seen.cluster,
        declared=seen.environment.clusters[seen.cluster],
        files=seen.files,
        live=seen.live,
        windows=seen.terms.windows,
        as_of=seen.as_of,
        now=min(seen.now, seen.as_of).timestamp(),
    )


def _retention(seen: ClusterAudit, compaction: Sequence[Finding], unasked: Sequence[Finding]) -> list[Finding]:
    """Return the faults of chunks.

    If a broken compactor or an ingester that does not upload explains a fault, report that instead. If no compactor
    answers, its delete requests and markers are unknown, so faults that they may excuse are not judged.
    """
    standing = [one for one in compaction if one.cls in (classes.COMPACTOR_COUNT, classes.COMPACTION_STALLED)]
    unheard = [] if seen.live.heard else [*standing, *unasked]
    causes = {
        classes.RETENTION_OVERSHOOT.name: standing,
        classes.MARKER_BACKLOG.name: standing or unheard,
        classes.CHUNK_ORPHANED.name: unheard,
        classes.RETENTION_UNDERSHOOT.name: unheard,
        _UNINDEXED: [one for one in compaction if one.cls is classes.INGESTER_NOT_UPLOADING],
    }
    told = [fault for fault in seen.part.faults if fault.cls in _CHUNKS[Check.RETENTION] | {_UNINDEXED}]
    found = [*_faults(Check.RETENTION, seen, [fault for fault in told if not causes.get(fault.cls)])]
    for fault in told:
        found += [one for one in causes.get(fault.cls, ()) if one not in (*found, *unasked)]
    return found


def _faults(check: Check, seen: ClusterAudit, faults: Iterable[Fault]) -> Iterator[Finding]:
    for fault in faults:
        if fault.cls in _CHUNKS[check]:
            yield finding_of(fault, seen.environment.name, seen.cluster, seen.as_of, seen.names)


def _incomplete(seen: ClusterAudit) -> Iterator[Finding]:
    for table, why in seen.part.incomplete:
        yield Finding(
            cls=CHECK_INCOMPLETE,
            subject=seen.subject(table=table),
            message=f"Table {table} was not judged: {why}",
            as_of=seen.as_of,
            evidence={"reason": why},
        )


def _unasked(seen: ClusterAudit, compaction: Sequence[Finding]) -> Iterator[Finding]:
    """Yield processes that did not answer. A silent compactor is reported as `compactor-count`."""
    counted = any(one.cls is classes.COMPACTOR_COUNT for one in compaction)
    for process, why in seen.live.unasked:
        if not (counted and process.startswith(f"{seen.cluster}-compactor")):
            yield Finding(
                cls=CHECK_INCOMPLETE,
                subject=seen.subject(source=process),
                message=f"{process} could not be asked, so what it alone knows was not checked: {why}",
                as_of=seen.as_of,
                evidence={"reason": why},
            )


def _corrupt(seen: ClusterAudit) -> Iterator[Finding]:
    for unreadable_file in seen.part.unreadable:
        yield corrupt_finding(unreadable_file, seen)


def corrupt_finding(one: Unreadable, seen: ClusterAudit) -> Finding:
    """Return the finding for an unreadable index file. If the file may be intact, it only counts as not checked."""
    return Finding(
        cls=CHECK_INCOMPLETE if one.unknown else classes.INDEX_CORRUPT,
        subject=seen.subject(tenant=one.tenant, table=one.table, path=one.name),
        message=one.what,
        as_of=seen.as_of,
        evidence={"bytes": one.size, "offset": one.offset},
        remedy="The message says which Loki, or which limit, it needs. The file is not known to be damaged: do not "
        "delete it."
        if one.unknown
        else "",
    )


def _not_of_corrupt(compaction: Sequence[Finding], seen: ClusterAudit) -> list[Finding]:
    """Remove findings that a damaged index file explains.

    A compactor works from the newest table to the oldest, and stops at a file that it cannot read. So this table and
    older ones wait, and no run succeeds.
    """
    damaged = {unreadable_file.table for unreadable_file in seen.part.unreadable if not unreadable_file.unknown}
    last = max((file.day for file in seen.files if file.table in damaged), default=-1)
    waiting = {file.table: file.day for file in seen.waiting}

    def explained(one: Finding) -> bool:
        if one.cls is classes.COMPACTION_STALLED:
            return bool(damaged) and all(day <= last for day in waiting.values())
        return one.cls is classes.TABLE_UNCOMPACTED and waiting[one.subject.table] <= last

    return [one for one in compaction if not explained(one)]


def _index_tiered(seen: ClusterAudit) -> Iterator[Finding]:
    tables: dict[str, list[IndexFile]] = {}
    for file in seen.files:
        if file.tier not in (Tier.UNKNOWN, Tier.HOT):
            tables.setdefault(file.table, []).append(file)
    for table, files in tables.items():
        tiers = ", ".join(sorted({Tier(file.tier).azure for file in files}))
        yield Finding(
            cls=classes.INDEX_TIERED,
            subject=seen.subject(table=table),
            message=f"{len(files)} index file{'s' * (len(files) > 1)} of {table} in tier {tiers}: {files[0].name}.",
            as_of=seen.as_of,
            evidence={
                "files": len(files),
                "bytes": sum(file.size for file in files),
                "tiers": tiers,
                "sample": ", ".join(file.name for file in files[:10]),
            },
        )


def _policy_drift(seen: ClusterAudit) -> Iterator[Finding]:
    policy = seen.policy
    if policy is None:
        return
    subject = Subject(environment=seen.environment.name, path=f"storage_accounts.{policy.account}.lifecycle")
    if policy.unread:
        yield Finding(
            cls=CHECK_INCOMPLETE,
            subject=subject,
            message=f"The lifecycle policy of {policy.account} was not compared: {policy.unread}",
            as_of=seen.as_of,
            evidence={"reason": policy.unread},
        )
    if policy.differences:
        yield Finding(
            cls=classes.LIFECYCLE_POLICY_DRIFT,
            subject=subject,
            message=f"On storage account {policy.account}: {'; '.join(policy.differences[:3])}"
            f"{f'; {len(policy.differences) - 3} more' * (len(policy.differences) > 3)}.",
            as_of=seen.as_of,
            evidence={"differences": "\n".join(policy.differences)},
        )
