"""Airflow's door to the storage audits: list what is stored, judge it in batches of tables, join the batches."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.operators.work import judged_moment, open_to_read, read_environment, results_store

if TYPE_CHECKING:
    from logops.audit.request import AuditRequest, Batch
    from logops.environment import Environment

SUMMARY = "summary"
"""XCom key of what was found, in short."""


class AuditOperator(BaseOperator):
    """What all steps of an audit are given.

    :param checks: names of audits: compaction-audit, retention-audit, tiering-audit.
    :param environment: name of a file in include/environments.
    :param tables: names of tables; none: all.
    :param as_of: the moment to judge at, ISO 8601; none: the moment that the run is for.
    """

    template_fields: Sequence[str] = ("environment", "tables", "as_of")

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

    def asked(self, context: Context) -> "AuditRequest":
        """What this run of the audit is for: the same in each of its tasks, and when one is repeated."""
        from logops.audit.request import AuditRequest, Check

        moment = judged_moment(self.as_of, context)
        return AuditRequest(
            checks=tuple(map(Check, self.checks)),
            run_id=context["run_id"],
            as_of=moment,
            tables=tuple(self.tables or ()),
        )

    def work(self, environment: "Environment", context: Context) -> str:
        """URL of the folder in which the run's tasks leave each other their work."""
        from logops.audit.run import work_url

        return work_url(self.results(environment), f"{self.dag_id}.{context['run_id']}")

    def results(self, environment: "Environment") -> str:
        from logops.platforms import results_url
        from logops.toolchain import project_root

        return results_url(environment, project_root())


class AuditListOperator(AuditOperator):
    """Read what is in the containers, and cut their tables into batches: one for each task that judges.

    Where a listing breaks off, a retry lists only what is left; after the last one, the cluster was not checked.
    """

    def execute(self, context: Context) -> list["Batch"]:
        from logops.audit.run import can_resume, discard_earlier, survey

        environment = read_environment(self.environment)
        work = self.work(environment, context)
        resumes = can_resume(work, environment.clusters)
        discard_earlier(self.results(environment), self.dag_id, but=work if resumes else "")
        ti = context["ti"]
        last = ti.try_number > ti.max_tries
        return survey(open_to_read(environment), self.asked(context), work, self.log.info, last=last)


class AuditJudgeOperator(AuditOperator):
    """Judge one batch of tables. Repeating it repeats that batch alone.

    :param batch: one of AuditListOperator's.
    """

    template_fields: Sequence[str] = (*AuditOperator.template_fields, "batch")

    def __init__(self, *, batch: Mapping[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.batch = batch

    def execute(self, context: Context) -> dict[str, int]:
        """Gives `{tables, chunks, faulty, not_judged}`."""
        from logops.audit.run import judge

        environment = read_environment(self.environment)
        platform, store = open_to_read(environment), results_store(environment)
        return judge(platform, self.asked(context), self.batch, store, self.log.info)  # type: ignore[arg-type]


class AuditReduceOperator(AuditOperator):
    """Join the batches, keep findings and holdings as results, and fail where a promise is broken or unproved.

    :param batches: all of AuditListOperator's; none where it failed.
    """

    template_fields: Sequence[str] = (*AuditOperator.template_fields, "batches")

    def __init__(self, *, batches: Iterable[Mapping[str, Any]] | str | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.batches = batches

    def execute(self, context: Context) -> None:
        from logops.audit.run import discard, reduce

        environment = read_environment(self.environment)
        if self.batches is None:
            raise AirflowFailException("Nothing was listed: read the log of the task `list`, then clear that one.")
        work = self.work(environment, context)
        outcome = reduce(
            open_to_read(environment),
            self.asked(context),
            work,
            list(self.batches),  # type: ignore[arg-type]
            results_store(environment),
        )
        context["ti"].xcom_push(key=SUMMARY, value=outcome.summary())
        for line in outcome.lines():
            self.log.info("%s", line)
        # Where something was not checked, clearing what should have checked it must find the work of the others.
        if not outcome.incomplete:
            discard(work)
        if outcome.failed:
            raise AirflowFailException(outcome.headline)
