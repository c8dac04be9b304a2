"""Operators of the content audit: choose chunks, read them batch by batch, join the batches."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.docs_pages import FINDINGS
from logops.airflow.links import DocsLink, PageLink, ResultLink
from logops.airflow.operators.work import (
    HEADLINE,
    end_log,
    judged_moment,
    open_to_read,
    read_environment,
    report_findings,
    results_folder,
    results_store,
    work_folder,
)

if TYPE_CHECKING:
    from logops.audit.content.request import ContentBatch, ContentRequest
    from logops.environment import Environment


class ContentOperator(BaseOperator):
    """The fields that all steps of a content audit share.

    :param environment: name of a file in include/environments.
    :param tables: read all chunks of these tables; None: the next part of the rolling audit.
    :param tenant: read all chunks of this tenant; None: of all tenants.
    :param budget: how many bytes to read at most; None: as in the environment file.
    :param as_of: the moment to judge at, ISO 8601; None: the moment that the run is for.
    """

    template_fields: Sequence[str] = ("environment", "tables", "tenant", "budget", "as_of")
    operator_extra_links = (DocsLink("Runbook", FINDINGS), ResultLink("reduce"), PageLink())

    def __init__(
        self,
        *,
        environment: str,
        tables: Sequence[str] | str | None = None,
        tenant: str | None = None,
        budget: str | None = None,
        as_of: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.tables = tables
        self.tenant = tenant
        self.budget = budget
        self.as_of = as_of

    def request(self, environment: "Environment", context: Context) -> "ContentRequest":
        """Return the request of this run. It is the same in each of its tasks and in every retry."""
        from logops.audit.content.run import request_of

        moment = judged_moment(self.as_of, context)
        try:
            return request_of(
                environment, context["run_id"], moment, self.tables or (), self.tenant or "", self.budget or None
            )
        except ValueError as error:
            raise AirflowFailException(f"budget: {error}") from None


class ContentPlanOperator(ContentOperator):
    """List the containers, and choose the chunks to read, in batches: one per mapped `verify` task.

    If a listing fails, a retry resumes it. After the last retry, the cluster counts as not checked.
    """

    def execute(self, context: Context) -> list["ContentBatch"]:
        from logops.audit.content.run import plan
        from logops.audit.run import can_resume, discard_earlier
        from logops.toolchain import project_root
        from logops.usage.reads import read_price_text

        environment = read_environment(self.environment)
        # First, so that a missing login is reported at once.
        store = results_store(environment)
        work = work_folder(environment, self.dag_id, context["run_id"])
        resumes = can_resume(work, environment.clusters)
        discard_earlier(results_folder(environment), self.dag_id, but=work if resumes else "")
        ti = context["ti"]
        request, last = self.request(environment, context), ti.try_number > ti.max_tries
        planned = plan(open_to_read(environment), request, work, store, self.log.info, last=last)
        price = read_price_text(environment, planned.reads, project_root())
        self.log.info("%s: %s.", self.environment, planned.text(price))
        return planned.batches


class ContentVerifyOperator(ContentOperator):
    """Read and verify the chunks of one batch. A retry repeats only this batch.

    :param batch: one of ContentPlanOperator's batches.
    """

    template_fields: Sequence[str] = (*ContentOperator.template_fields, "batch")

    def __init__(self, *, batch: Mapping[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, int]:
        """Return `{chunks, bytes, damaged}`."""
        from logops.audit.content.run import verify

        platform = open_to_read(read_environment(self.environment))
        return verify(platform, self.batch, self.log.info)  # type: ignore[arg-type]


class ContentReduceOperator(ContentOperator):
    """Join the batches and record the result. Fails if a chunk is damaged or could not be checked.

    :param batches: all batches of ContentPlanOperator; None if it failed.
    """

    template_fields: Sequence[str] = (*ContentOperator.template_fields, "batches")

    def __init__(self, *, batches: Sequence[Mapping[str, Any]] | str | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.batches = batches

    def execute(self, context: Context) -> None:
        from logops.audit.content.run import reduce
        from logops.audit.run import discard

        environment = read_environment(self.environment)
        if self.batches is None:
            context["ti"].xcom_push(key=HEADLINE, value=f"{self.environment}: nothing was read; `list` failed")
            raise AirflowFailException("Nothing was listed: read the log of the task `list`, then clear that one.")
        work = work_folder(environment, self.dag_id, context["run_id"])
        request = self.request(environment, context)
        result = reduce(open_to_read(environment), request, work, results_store(environment))
        report_findings(self.log, context["ti"], result.headline, result.findings, failed=result.failed)
        for line in result.details():
            self.log.info("%s", line)
        end_log(self.log, result.headline, self.environment, failed=result.failed)
        # If something was not read, a cleared task must still find the work of the others.
        if not result.incomplete:
            discard(work)
        if result.failed:
            raise AirflowFailException(result.headline)
