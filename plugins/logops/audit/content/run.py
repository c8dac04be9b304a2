"""A content audit in three steps: `plan` lists and chooses, `verify` reads a batch, `reduce` joins the batches."""

from collections.abc import Callable, Iterable
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from logops.audit import run as audit_run
from logops.audit.content.request import CHECK, ContentBatch, ContentRequest
from logops.audit.work_dir import WorkDir, WorkLostError
from logops.environment import Environment
from logops.environment.units import Size
from logops.number_text import count_text
from logops.platforms.platform import Progress, ReadablePlatform

if TYPE_CHECKING:
    from datetime import datetime

    from logops.audit.content.plan import ContentPlan
    from logops.audit.content.result import ContentResult
    from logops.findings.store import ResultsStore

__all__ = ["CHECK", "ContentBatch", "ContentRequest", "plan", "reduce", "request_of", "run_content_audit", "verify"]

_PLAN = "content-plan.json"


def request_of(
    environment: Environment,
    run_id: str,
    as_of: "datetime",
    tables: Iterable[str] = (),
    tenant: str = "",
    budget: str | None = None,
) -> ContentRequest:
    """Return the request with the environment's limits. A full audit has a budget only if it is given.

    Raises ValueError if the budget is not a size.
    """
    limits = environment.audit.content
    full = bool(tuple(tables) or tenant)
    declared = None if full else limits.budget.value
    return ContentRequest(
        run_id=run_id,
        as_of=as_of,
        cover_within_ms=limits.cover_within.value,
        budget=Size(budget).value if budget else declared,
        tables=tuple(tables),
        tenant=tenant,
    )


def plan(
    platform: ReadablePlatform,
    request: ContentRequest,
    work: str,
    store: "ResultsStore | None",
    progress: Progress,
    *,
    last: bool = True,
) -> "ContentPlan":
    """List the containers, and choose the chunks to read. Return the plan, with batches.

    Raises ListingInterruptedError if a listing fails and this is not the `last` call; StoreUnreachableError.
    """
    from logops.audit.content.plan import ContentPlan, Earlier, plan_clusters
    from logops.audit.content.reduce import read_earlier

    environment = platform.environment
    audit_run.survey(platform, request.survey, work, progress, last=last)
    surveyed, unread = audit_run.read_surveys(work, environment.clusters)
    earlier = (
        read_earlier(store, environment, request)
        if store and not request.full
        else {cluster: Earlier() for cluster in environment.clusters}
    )
    planned = plan_clusters(surveyed, earlier, unread, request, {cluster: f"{work}/{cluster}" for cluster in surveyed})
    WorkDir(work).write(_PLAN, ContentPlan, planned)
    return planned


def verify(platform: ReadablePlatform, batch: ContentBatch, progress: Progress) -> dict[str, int]:
    """Read and verify the chunks of a batch. Return the number of chunks, bytes and damaged chunks.

    Raises WorkLostError, and ObjectStoreError if the account cannot be opened.
    """
    from logops.audit.content.batch import VerifiedBatch, verify_batch
    from logops.audit.survey.cluster import SurveyedCluster

    work_dir = WorkDir(batch["work_dir"])
    surveyed = work_dir.read(audit_run.SURVEYED, SurveyedCluster)
    result = verify_batch(platform, surveyed, batch, progress)
    work_dir.write(_result_name(batch["number"]), VerifiedBatch, result)
    return {"chunks": result.chunks, "bytes": result.bytes, "damaged": len(result.damaged)}


def reduce(
    platform: ReadablePlatform, request: ContentRequest, work: str, store: "ResultsStore | None"
) -> "ContentResult":
    """Join the batches. Record findings and coverage, unless the run is a drill.

    Raises WorkLostError, StoreUnreachableError.
    """
    from logops.audit.content.batch import VerifiedBatch
    from logops.audit.content.plan import ContentPlan
    from logops.audit.content.reduce import ReadCluster, reduce_content

    planned = WorkDir(work).read(_PLAN, ContentPlan)
    surveyed, _ = audit_run.read_surveys(work, platform.environment.clusters)

    def result_of(work_dir: str, number: int) -> "VerifiedBatch | None":
        try:
            return WorkDir(work_dir).read(_result_name(number), VerifiedBatch)
        except WorkLostError:
            return None

    clusters = {
        cluster: ReadCluster(
            surveyed[cluster], [result_of(of_cluster.work_dir, batch.number) for batch in of_cluster.batches]
        )
        for cluster, of_cluster in planned.clusters.items()
    }
    return reduce_content(platform.environment, request, planned, clusters, store)


def _result_name(number: int) -> str:
    return f"content/{number}.json"


def run_content_audit(
    platform: ReadablePlatform,
    request: ContentRequest,
    store: "ResultsStore | None",
    progress: Progress,
    planned: "Callable[[ContentPlan], bool]",
) -> "ContentResult | None":
    """Run the three steps on this machine, in a temporary folder.

    planned   takes the plan before anything is read; nothing is read if it returns False

    Raises StoreUnreachableError, and PlatformError or ObjectStoreError if no storage account can be opened.
    """
    audit_run.require_login(platform)
    with TemporaryDirectory(prefix="logops-content-") as work:
        chosen = plan(platform, request, work, store, progress)
        if not planned(chosen):
            return None
        for done, batch in enumerate(chosen.batches):
            progress(f"{batch['cluster']}: {done} of {count_text(len(chosen.batches), 'batch')} verified")
            verify(platform, batch, progress)
        return reduce(platform, request, work, store)
