"""Turn the result for a cluster into the findings of each audit. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
from logops.number_text import count_text

_CHUNKS: dict[Check, frozenset[str]] = {
    Check.COMPACTION: frozenset(),
    Check.RETENTION: frozenset(
        {cls.name for cls in (*classes.RETENTION, *classes.CONTENT)} | {classes.MARKER_BACKLOG.name}
    ),
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
    policy: AuditPolicy
    judged: BatchResult
    """All batches joined."""
    lifecycle: PolicyComparison | None = None
    """The policy of the cluster's account; None if tiers were not audited."""
    names: str = ""
    """The stored file with the names of all faulty chunks."""

    @property
    def waiting(self) -> list[IndexFile]:
        """Files that have waited too long for the compactor."""
        return _compaction(self).waiting

    def subject(self, **parts: str) -> Subject:
        return Subject(environment=self.environment.name, cluster=self.cluster, **parts)


def findings_of(check: Check, result: ClusterAudit) -> list[Finding]:
    """Return the findings of one audit. If a cause is reported, its consequences are not."""
    incomplete = [*_incomplete(result)]
    if check is Check.TIERING:
        return [
            *incomplete,
            *_faults(check, result, result.judged.faults),
            *_index_tiered(result),
            *_policy_drift(result),
        ]
    compaction = compaction_findings(_compaction(result))
    corrupt = [*_corrupt(result)]
    not_answering = [*_not_answering(result, compaction)]
    if check is Check.COMPACTION:
        return [*incomplete, *not_answering, *corrupt, *_not_of_corrupt(compaction, result)]
    cluster = result.environment.clusters[result.cluster]
    about = (result.environment.name, result.cluster, result.as_of)
    return [
        *incomplete,
        *not_answering,
        *corrupt,
        *not_effective(declared_rules(cluster), result.live, *about),
        *stuck(result.live, cluster, result.policy.windows, *about),
        *_retention(result, compaction, not_answering),
    ]


def _compaction(result: ClusterAudit) -> Compaction:
    return Compaction(
        environment=result.environment.name,
        cluster=result.cluster,
        declared=result.environment.clusters[result.cluster],
        files=result.files,
        live=result.live,
        windows=result.policy.windows,
        as_of=result.as_of,
        now=min(result.now, result.as_of).timestamp(),
    )


def _retention(result: ClusterAudit, compaction: Sequence[Finding], not_answering: Sequence[Finding]) -> list[Finding]:
    """Return the faults of chunks.

    If a broken compactor or an ingester that does not upload explains a fault, report that instead. If no compactor
    answers, its delete requests and markers are unknown, so faults that they may excuse are not judged.
    """
    broken_compactor = [
        finding for finding in compaction if finding.cls in (classes.COMPACTOR_COUNT, classes.COMPACTION_STALLED)
    ]
    silent_compactor = [] if result.live.heard else [*broken_compactor, *not_answering]
    causes = {
        classes.RETENTION_OVERSHOOT.name: broken_compactor,
        classes.MARKER_BACKLOG.name: broken_compactor or silent_compactor,
        classes.CHUNK_ORPHANED.name: silent_compactor,
        classes.RETENTION_UNDERSHOOT.name: silent_compactor,
        classes.INDEX_LOST.name: silent_compactor,
        _UNINDEXED: [finding for finding in compaction if finding.cls is classes.INGESTER_NOT_UPLOADING],
    }
    faults = [fault for fault in result.judged.faults if fault.cls in _CHUNKS[Check.RETENTION] | {_UNINDEXED}]
    findings = [*_faults(Check.RETENTION, result, [fault for fault in faults if not causes.get(fault.cls)])]
    for fault in faults:
        findings += [finding for finding in causes.get(fault.cls, ()) if finding not in (*findings, *not_answering)]
    return findings


def _faults(check: Check, result: ClusterAudit, faults: Iterable[Fault]) -> Iterator[Finding]:
    for fault in faults:
        if fault.cls in _CHUNKS[check]:
            yield finding_of(fault, result.environment.name, result.cluster, result.as_of, result.names)


def _incomplete(result: ClusterAudit) -> Iterator[Finding]:
    for table, why in result.judged.incomplete:
        yield Finding(
            cls=CHECK_INCOMPLETE,
            subject=result.subject(table=table),
            message=f"Table {table} was not judged: {why}",
            as_of=result.as_of,
            evidence={"reason": why},
        )


def _not_answering(result: ClusterAudit, compaction: Sequence[Finding]) -> Iterator[Finding]:
    """Yield processes that did not answer. A silent compactor is reported as `compactor-count`."""
    counted = any(finding.cls is classes.COMPACTOR_COUNT for finding in compaction)
    for process, why in result.live.silent:
        if not (counted and process.startswith(f"{result.cluster}-compactor")):
            yield Finding(
                cls=CHECK_INCOMPLETE,
                subject=result.subject(source=process),
                message=f"{process} could not be asked, so what it alone knows was not checked: {why}",
                as_of=result.as_of,
                evidence={"reason": why},
            )


def _corrupt(result: ClusterAudit) -> Iterator[Finding]:
    for unreadable_file in result.judged.unreadable:
        yield corrupt_finding(unreadable_file, result.subject(), result.as_of)


def corrupt_finding(file: Unreadable, cluster: Subject, as_of: datetime) -> Finding:
    """Return the finding for an unreadable index file of a cluster. If the file may be intact, it only counts as not
    checked."""
    cls = classes.INDEX_MISPLACED if file.misplaced else classes.INDEX_CORRUPT
    return Finding(
        cls=CHECK_INCOMPLETE if file.unknown else cls,
        subject=replace(cluster, tenant=file.tenant, table=file.table, path=file.name),
        message=file.what,
        as_of=as_of,
        evidence={"bytes": file.size, "offset": file.offset},
        remedy="The message says which Loki, or which limit, it needs. The file is not known to be damaged: do not "
        "delete it."
        if file.unknown
        else "",
    )


def _not_of_corrupt(compaction: Sequence[Finding], result: ClusterAudit) -> list[Finding]:
    """Remove findings that a damaged index file explains.

    A compactor works from the newest table to the oldest, and stops at a file that it cannot read. So this table and
    older ones wait, and no run succeeds.
    """
    damaged = {file.table for file in result.judged.unreadable if not file.unknown and not file.misplaced}
    last = max((file.day for file in result.files if file.table in damaged), default=-1)
    waiting = {file.table: file.day for file in result.waiting}

    def explained(finding: Finding) -> bool:
        if finding.cls is classes.COMPACTION_STALLED:
            return bool(damaged) and all(day <= last for day in waiting.values())
        return finding.cls is classes.TABLE_UNCOMPACTED and waiting[finding.subject.table] <= last

    return [finding for finding in compaction if not explained(finding)]


def _index_tiered(result: ClusterAudit) -> Iterator[Finding]:
    tables: dict[str, list[IndexFile]] = {}
    for file in result.files:
        if file.tier not in (Tier.UNKNOWN, Tier.HOT):
            tables.setdefault(file.table, []).append(file)
    for table, files in tables.items():
        tiers = ", ".join(sorted({Tier(file.tier).azure for file in files}))
        yield Finding(
            cls=classes.INDEX_TIERED,
            subject=result.subject(table=table),
            message=f"{count_text(len(files), 'index file')} of {table} in tier {tiers}: {files[0].name}.",
            as_of=result.as_of,
            evidence={
                "files": len(files),
                "bytes": sum(file.size for file in files),
                "tiers": tiers,
                "sample": ", ".join(file.name for file in files[:10]),
            },
        )


def _policy_drift(result: ClusterAudit) -> Iterator[Finding]:
    comparison = result.lifecycle
    if comparison is None:
        return
    subject = Subject(environment=result.environment.name, path=f"storage_accounts.{comparison.account}.lifecycle")
    if comparison.unread:
        yield Finding(
            cls=CHECK_INCOMPLETE,
            subject=subject,
            message=f"The lifecycle policy of {comparison.account} was not compared: {comparison.unread}",
            as_of=result.as_of,
            evidence={"reason": comparison.unread},
        )
    if comparison.differences:
        yield Finding(
            cls=classes.LIFECYCLE_POLICY_DRIFT,
            subject=subject,
            message=f"On storage account {comparison.account}: {'; '.join(comparison.differences[:3])}"
            f"{f'; {len(comparison.differences) - 3} more' * (len(comparison.differences) > 3)}.",
            as_of=result.as_of,
            evidence={"differences": "\n".join(comparison.differences)},
        )
