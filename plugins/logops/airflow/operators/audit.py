"""Operators of the storage audits: list the containers, judge batches of tables, join the batches."""

from collections.abc import Iterable, Mapping, Sequence
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
    from logops.audit.request import AuditRequest, Batch

SUMMARY = "summary"
"""XCom key of the short result."""


class AuditOperator(BaseOperator):
    """The fields that all steps of an audit share.

    :param checks: names of audits: compaction-audit, retention-audit, tiering-audit.
    :param environment: name of a file in include/environments.
    :param tables: names of tables; None: all.
    :param as_of: the moment to judge at, ISO 8601; None: the moment that the run is for.
    """

    template_fields: Sequence[str] = ("environment", "tables", "as_of")
    operator_extra_links = (DocsLink("Runbook", FINDINGS), ResultLink("reduce"), PageLink())

    def __init__(
        self,
        *,
        checks: Sequence[str],
        environment: str,
        tables: Sequence[str] | str | None = None,
        as_of: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.checks = checks
        self.environment = environment
        self.tables = tables
        self.as_of = as_of

    def request(self, context: Context) -> "AuditRequest":
        """Return the request of this run. It is the same in each of its tasks and in every retry."""
        from logops.audit.request import AuditRequest, Check

        moment = judged_moment(self.as_of, context)
        return AuditRequest(
            checks=tuple(map(Check, self.checks)),
            run_id=context["run_id"],
            as_of=moment,
            tables=tuple(self.tables or ()),
        )


class AuditListOperator(AuditOperator):
    """Survey the containers, and split their tables into batches: one per mapped `judge` task.

    If a listing fails, a retry resumes it. After the last retry, the cluster counts as not checked.
    """

    def execute(self, context: Context) -> list["Batch"]:
        from logops.audit.run import can_resume, discard_earlier, survey

        environment = read_environment(self.environment)
        # First, so that a missing login is reported at once.
        results_store(environment)
        work = work_folder(environment, self.dag_id, context["run_id"])
        resumes = can_resume(work, environment.clusters)
        discard_earlier(results_folder(environment), self.dag_id, but=work if resumes else "")
        ti = context["ti"]
        last = ti.try_number > ti.max_tries
        return survey(open_to_read(environment), self.request(context), work, self.log.info, last=last)


class AuditJudgeOperator(AuditOperator):
    """Judge one batch of tables. A retry repeats only this batch.

    :param batch: one of AuditListOperator's batches.
    """

    template_fields: Sequence[str] = (*AuditOperator.template_fields, "batch")

    def __init__(self, *, batch: Mapping[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, int]:
        """Return `{tables, chunks, faulty, not_judged}`."""
        from logops.audit.run import judge

        environment = read_environment(self.environment)
        platform, store = open_to_read(environment), results_store(environment)
        return judge(platform, self.request(context), self.batch, store, self.log.info)  # type: ignore[arg-type]


class AuditReduceOperator(AuditOperator):
    """Join the batches and record the result. Fails if a promise is broken or could not be checked.

    :param batches: all batches of AuditListOperator; None if it failed.
    """

    template_fields: Sequence[str] = (*AuditOperator.template_fields, "batches")

    def __init__(self, *, batches: Iterable[Mapping[str, Any]] | str | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.batches = batches

    def execute(self, context: Context) -> None:
        from logops.audit.run import discard, reduce

        environment = read_environment(self.environment)
        if self.batches is None:
            context["ti"].xcom_push(key=HEADLINE, value=f"{self.environment}: nothing was audited; `list` failed")
            raise AirflowFailException("Nothing was listed: read the log of the task `list`, then clear that one.")
        work = work_folder(environment, self.dag_id, context["run_id"])
        result = reduce(
            open_to_read(environment),
            self.request(context),
            work,
            list(self.batches),  # type: ignore[arg-type]
            results_store(environment),
        )
        context["ti"].xcom_push(key=SUMMARY, value=result.summary())
        report_findings(self.log, context["ti"], result.headline, result.findings, failed=result.failed)
        for line in result.details():
            self.log.info("%s", line)
        end_log(self.log, result.headline, self.environment, failed=result.failed)
        # If something was not checked, a cleared task must still find the work of the others.
        if not result.incomplete:
            discard(work)
        if result.failed:
            raise AirflowFailException(result.headline)
