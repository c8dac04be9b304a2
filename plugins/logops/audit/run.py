"""An audit in three steps. The DAGs run them as tasks, mapped over batches; the terminal runs them in a row.

`survey` reads the containers (the DAGs' task `list`), `judge` judges a batch of tables, `reduce` joins the batches
and reports. They exchange their work through a work folder. Repeating a step writes the same files again.
"""

from collections.abc import Iterable
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

from logops.audit.errors import AuditError
from logops.audit.report.result import AuditResult
from logops.audit.request import AuditRequest, Batch, Check, cut
from logops.audit.work_dir import WorkDir
from logops.platforms.platform import Progress, ReadablePlatform

if TYPE_CHECKING:
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
    "reduce",
    "run_audit",
    "survey",
    "work_url",
]


def work_url(results: str, run_id: str) -> str:
    """Return the work folder of a run: beside the results (an fsspec URL), which all workers can reach."""
    return f"{results}/steps/{quote(run_id, safe='')[:150]}"


def discard(work: str) -> None:
    """Remove a run's work."""
    WorkDir(work).discard()


def discard_earlier(results: str, audit: str, but: str = "") -> None:
    """Remove the work of an audit's earlier runs, except `but`. An incomplete run keeps its work until the next run."""
    whose = quote(f"{audit}.", safe="")
    for name in WorkDir(results).names("steps"):
        if name.startswith(f"steps/{whose}") and f"{results}/{name}" != but:
            discard(f"{results}/{name}")


def can_resume(work: str, clusters: Iterable[str]) -> bool:
    """Whether a listing in `survey` was interrupted, so that a repeated call resumes it."""
    from logops.audit.survey.cluster import is_begun

    return any(is_begun(WorkDir(f"{work}/{cluster}")) for cluster in clusters)


def survey(
    platform: ReadablePlatform, request: AuditRequest, work: str, progress: Progress, *, last: bool = True
) -> list[Batch]:
    """Read the containers, cluster by cluster. Return the tables, split into batches.

    A cluster that could not be read has no batch, and `reduce` reports `check-incomplete` for it. If a listing
    fails, ListingInterruptedError is raised after the other clusters were read, and the next call resumes it, unless
    this is the `last` one.
    """
    from logops.audit.survey.cluster import survey_cluster
    from logops.clients.blob_storage import ListingInterruptedError

    batches: list[Batch] = []
    broken: list[ListingInterruptedError] = []
    for cluster in platform.environment.clusters:
        place = f"{work}/{cluster}"
        try:
            days = survey_cluster(platform, request, cluster, WorkDir(place), progress, last=last)
        except ListingInterruptedError as error:
            broken.append(error)
            continue
        batches += [Batch(cluster=cluster, place=place, days=part, chunks=chunks) for part, chunks in cut(days)]
    if broken:
        raise broken[0]
    return batches


def judge(
    platform: ReadablePlatform, request: AuditRequest, batch: Batch, store: "ResultsStore | None", progress: Progress
) -> dict[str, int]:
    """Judge a batch of tables. Return the number of tables, of chunks, and of chunks with a fault.

    A table that cannot be judged is recorded as such. Raises WorkLostError, StoreUnreachableError.
    """
    from logops.audit.judge.batch import judge_batch

    part = judge_batch(platform, request, batch, store, progress)
    return {
        "tables": len(part.days),
        "chunks": batch["chunks"],
        "faulty": sum(fault.count for fault in part.faults),
        "not_judged": len(part.incomplete),
    }


def reduce(
    platform: ReadablePlatform, request: AuditRequest, work: str, batches: Iterable[Batch], store: "ResultsStore | None"
) -> AuditResult:
    """Join the batches. Record findings and statistics, unless the run is a drill.

    Raises WorkLostError, StoreUnreachableError.
    """
    from logops.audit.reduce import reduced

    return reduced(platform, request, work, [*batches], store)


def run_audit(
    platform: ReadablePlatform, request: AuditRequest, store: "ResultsStore | None", progress: Progress
) -> AuditResult:
    """Run the three steps on this machine, in a temporary folder. Raises StoreUnreachableError."""
    with TemporaryDirectory(prefix="logops-audit-") as work:
        batches = survey(platform, request, work, progress)
        tables = sum(len(batch["days"]) for batch in batches)
        done = 0
        for batch in batches:
            judge(platform, request, batch, store, progress)
            done += len(batch["days"])
            progress(f"{batch['cluster']}: {done:,} of {tables:,} tables judged")
        return reduce(platform, request, work, batches, store)
