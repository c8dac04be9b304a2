"""An audit in three steps. The DAGs run them as tasks, mapped over batches; the terminal runs them in a row.

`survey` reads the containers (the DAGs' task `list`), `judge` judges a batch of tables, `reduce` joins the batches
and reports. They exchange their work through a work folder. Repeating a step writes the same files again.
"""

from collections.abc import Iterable, Mapping
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

from logops.audit.errors import AuditError
from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Batch, Check, cut
from logops.audit.task_size import too_large_for_a_task
from logops.audit.work_dir import WorkDir, WorkLostError
from logops.number_text import count_text
from logops.platforms.platform import PlatformError, Progress, ReadablePlatform

if TYPE_CHECKING:
    from logops.audit.judge.batch_result import BatchResult
    from logops.audit.survey.cluster import SurveyedCluster
    from logops.findings.store import ResultsStore

__all__ = [
    "AuditError",
    "AuditRequest",
    "AuditResult",
    "Batch",
    "Check",
    "can_resume",
    "discard",
    "discard_earlier",
    "judge",
    "read_surveys",
    "reduce",
    "require_login",
    "run_audit",
    "survey",
    "work_url",
]


SURVEYED = "surveyed.json"
_PARTIAL = "partial.json"
"""An interrupted listing."""
_UNREAD = "unread.json"
"""Why a cluster could not be read."""


def work_url(results: str, run_id: str) -> str:
    """Return the work folder of a run: beside the results (an fsspec URL), which all workers can reach."""
    return f"{results}/steps/{quote(run_id, safe='')[:150]}"


def discard(work: str) -> None:
    """Remove a run's work."""
    WorkDir(work).discard()


def discard_earlier(results: str, audit: str, but: str = "") -> None:
    """Remove the work of an audit's earlier runs, except `but`. An incomplete run keeps its work until the next run."""
    prefix = f"steps/{quote(f'{audit}.', safe='')}"
    for name in WorkDir(results).names("steps"):
        if name.startswith(prefix) and f"{results}/{name}" != but:
            discard(f"{results}/{name}")


def can_resume(work: str, clusters: Iterable[str]) -> bool:
    """Whether a listing in `survey` was interrupted, so that a repeated call resumes it."""
    return any(WorkDir(f"{work}/{cluster}").has(_PARTIAL) for cluster in clusters)


def survey(
    platform: ReadablePlatform, request: AuditRequest, work: str, progress: Progress, *, last: bool = True
) -> list[Batch]:
    """Read the containers, cluster by cluster. Return the tables, split into batches.

    A cluster that could not be read has no batch, and `reduce` reports `check-incomplete` for it. If a listing
    fails, ListingInterruptedError is raised after the other clusters were read, and the next call resumes it, unless
    this is the `last` call.
    """
    from logops.audit.survey.objects import table_of
    from logops.clients.blob_storage import ListingInterruptedError

    settings = platform.environment.audit
    batches: list[Batch] = []
    interrupted: list[ListingInterruptedError] = []
    for cluster in platform.environment.clusters:
        work_dir = WorkDir(f"{work}/{cluster}")
        try:
            chunks_by_day = _survey_once(platform, request, cluster, work_dir, progress, last=last)
        except ListingInterruptedError as error:
            interrupted.append(error)
            continue
        batches += [
            Batch(cluster=cluster, work_dir=work_dir.url, days=days, chunks=chunks)
            for days, chunks in cut(chunks_by_day, settings.chunks_per_task)
        ]
        tables = {
            table_of(day, platform.environment.clusters[cluster]): chunks for day, chunks in chunks_by_day.items()
        }
        if warning := too_large_for_a_task(tables, settings.chunks_per_task, settings.memory.value):
            progress(f"{cluster}: {warning}")
    if interrupted:
        raise interrupted[0]
    return batches


def _survey_once(
    platform: ReadablePlatform,
    request: AuditRequest,
    cluster: str,
    work_dir: WorkDir,
    progress: Progress,
    *,
    last: bool,
) -> Mapping[int, int]:
    """Survey a cluster, unless an earlier call did. Return its tables: day to number of chunks.

    If the container cannot be read, keep the reason and return no tables. Raises ListingInterruptedError if the listing
    fails, unless this is the `last` call.
    """
    from logops.audit.survey.cluster import ClockSkewError, SurveyedCluster, survey_cluster
    from logops.audit.survey.containers import PartialSurvey, SurveyInterruptedError
    from logops.clients.blob_storage import ListingInterruptedError, ObjectStoreError

    if work_dir.has(SURVEYED):
        return work_dir.read(SURVEYED, SurveyedCluster).chunks_by_day
    partial = work_dir.read(_PARTIAL, PartialSurvey) if work_dir.has(_PARTIAL) else None
    try:
        surveyed = survey_cluster(platform, request, cluster, work_dir.url, partial, progress)
    except (ObjectStoreError, PlatformError, ClockSkewError) as error:
        if isinstance(error, ListingInterruptedError) and not last:
            if isinstance(error, SurveyInterruptedError):
                work_dir.write(_PARTIAL, PartialSurvey, error.partial)
            raise
        work_dir.remove(_PARTIAL)
        work_dir.write(_UNREAD, str, str(error))
        return {}
    work_dir.remove(_UNREAD)
    work_dir.remove(_PARTIAL)
    work_dir.write(SURVEYED, SurveyedCluster, surveyed)
    return surveyed.chunks_by_day


def read_surveys(work: str, clusters: Iterable[str]) -> "tuple[dict[str, SurveyedCluster], dict[str, str]]":
    """Return the surveyed clusters of a run, and those that could not be read with the reason. Raises WorkLostError."""
    from logops.audit.survey.cluster import SurveyedCluster

    surveyed: dict[str, SurveyedCluster] = {}
    unread: dict[str, str] = {}
    for cluster in clusters:
        work_dir = WorkDir(f"{work}/{cluster}")
        if work_dir.has(_UNREAD):
            unread[cluster] = work_dir.read(_UNREAD, str)
        else:
            surveyed[cluster] = work_dir.read(SURVEYED, SurveyedCluster)
    return surveyed, unread


def judge(
    platform: ReadablePlatform, request: AuditRequest, batch: Batch, store: "ResultsStore | None", progress: Progress
) -> dict[str, int]:
    """Judge a batch of tables. Return the number of tables, of chunks, and of chunks with a fault.

    A table that cannot be judged is recorded as such. Raises WorkLostError, StoreUnreachableError.
    """
    from logops.audit.judge.batch import judge_batch
    from logops.audit.judge.batch_result import BatchResult
    from logops.audit.survey.cluster import SurveyedCluster

    work_dir = WorkDir(batch["work_dir"])
    surveyed = work_dir.read(SURVEYED, SurveyedCluster)
    result = judge_batch(platform, request, surveyed, batch["days"], store, progress)
    work_dir.write(_result_name(batch), BatchResult, result)
    return {
        "tables": len(result.days),
        "chunks": batch["chunks"],
        "faulty": sum(fault.count for fault in result.faults),
        "not_judged": len(result.incomplete),
    }


def reduce(
    platform: ReadablePlatform, request: AuditRequest, work: str, batches: Iterable[Batch], store: "ResultsStore | None"
) -> AuditResult:
    """Join the batches. Record findings and statistics, unless the run is a drill.

    Raises WorkLostError, StoreUnreachableError.
    """
    from logops.audit.reduce import JudgedCluster, reduce_clusters

    all_batches = [*batches]
    surveyed, unread = read_surveys(work, platform.environment.clusters)
    judged = [
        JudgedCluster(
            survey,
            [
                (batch["days"], _batch_result(WorkDir(f"{work}/{cluster}"), batch))
                for batch in all_batches
                if batch["cluster"] == cluster
            ],
        )
        for cluster, survey in surveyed.items()
    ]
    return reduce_clusters(platform.environment, request, judged, unread, store)


def _batch_result(work_dir: WorkDir, batch: Batch) -> "BatchResult | None":
    """Return the result of a batch; None if it was not judged."""
    from logops.audit.judge.batch_result import BatchResult

    try:
        return work_dir.read(_result_name(batch), BatchResult)
    except WorkLostError:
        return None


def _result_name(batch: Batch) -> str:
    return f"parts/{batch['days'][0]}.json"


def run_audit(
    platform: ReadablePlatform, request: AuditRequest, store: "ResultsStore | None", progress: Progress
) -> AuditResult:
    """Run the three steps on this machine, in a temporary folder.

    Raises StoreUnreachableError, and PlatformError or ObjectStoreError if no storage account can be opened.
    """
    require_login(platform)
    with TemporaryDirectory(prefix="logops-audit-") as work:
        batches = survey(platform, request, work, progress)
        tables = sum(len(batch["days"]) for batch in batches)
        done = 0
        for batch in batches:
            judge(platform, request, batch, store, progress)
            done += len(batch["days"])
            progress(f"{batch['cluster']}: {done:,} of {count_text(tables, 'table')} judged")
        return reduce(platform, request, work, batches, store)


def require_login(platform: ReadablePlatform) -> None:
    """Raise the first error if no cluster's storage account can be opened: nothing could be audited."""
    from logops.clients.blob_storage import ObjectStoreError

    errors: list[PlatformError | ObjectStoreError] = []
    for account in dict.fromkeys(cluster.storage_account for cluster in platform.environment.clusters.values()):
        try:
            with platform.object_store(account):
                return
        except (PlatformError, ObjectStoreError) as error:
            errors.append(error)
    raise errors[0]
