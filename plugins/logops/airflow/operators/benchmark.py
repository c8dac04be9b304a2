"""The operator of the query benchmark."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.docs_pages import QUERIES
from logops.airflow.links import DocsLink, PageLink
from logops.airflow.operators.work import (
    end_log,
    judged_moment,
    open_to_read,
    read_environment,
    report_findings,
    results_store,
)
from logops.benchmark.request import MOST_ROUNDS, ROUNDS


class QueryBenchmarkOperator(BaseOperator):
    """Measure the library's queries on a live cluster. Fails if a query fails or could not be measured.

    :param environment: name of a file in include/environments.
    :param queries: names of queries of the library; None: all.
    :param rounds: how often each query runs.
    :param most_rounds: how often a query with varying answers may run.
    :param ranges: additional ranges, such as `24h`; None: as the environment says.
    :param budget: bytes that Loki may read in the whole run, such as `20GiB`; None: as the environment says.
    :param minutes: time limit of the whole run; None: as the environment says.
    :param concurrency: number of queries that run at the same time.
    :param as_of: the end of every range, ISO 8601; None: the moment that the run is for.
    """

    template_fields: Sequence[str] = (
        "environment",
        "queries",
        "rounds",
        "most_rounds",
        "ranges",
        "budget",
        "minutes",
        "concurrency",
        "as_of",
    )
    operator_extra_links = (
        DocsLink("Runbook", f"{QUERIES}#read-the-nightly-benchmark"),
        DocsLink("Query library", f"{QUERIES}#use-the-library"),
        PageLink(),
    )

    def __init__(
        self,
        *,
        environment: str,
        queries: Sequence[str] | str | None = None,
        rounds: int | str = ROUNDS,
        most_rounds: int | str = MOST_ROUNDS,
        ranges: Sequence[str] | str | None = None,
        budget: str | None = None,
        minutes: int | str | None = None,
        concurrency: int | str = 1,
        as_of: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.queries = queries
        self.rounds = rounds
        self.most_rounds = most_rounds
        self.ranges = ranges
        self.budget = budget
        self.minutes = minutes
        self.concurrency = concurrency
        self.as_of = as_of

    def execute(self, context: Context) -> dict[str, int]:
        """Return `{queries, samples, findings}`."""
        from logops.benchmark.measure.measurable import NotMeasurableError
        from logops.benchmark.request import benchmark_request
        from logops.benchmark.run import run_benchmark
        from logops.benchmark.summary import summary
        from logops.findings import failed
        from logops.queries.library import UnknownQueryError, load_library, select
        from logops.toolchain import project_root

        moment = judged_moment(self.as_of, context)
        try:
            selected = select(load_library(project_root()), self.queries or ())
        except UnknownQueryError as error:
            raise AirflowFailException(str(error)) from None
        environment = read_environment(self.environment)
        try:
            request = benchmark_request(
                environment,
                run=context["run_id"],
                as_of=moment,
                named=bool(self.queries),
                rounds=int(self.rounds),
                most_rounds=int(self.most_rounds),
                ranges=self.ranges,
                budget=self.budget,
                minutes=None if self.minutes is None else int(self.minutes),
                concurrency=int(self.concurrency),
            )
        except ValueError as error:
            raise AirflowFailException(str(error)) from None
        store = results_store(environment)
        try:
            (result,) = run_benchmark([open_to_read(environment)], selected, request, lambda _: store, self.log.info)
        except NotMeasurableError as error:
            raise AirflowFailException(str(error)) from None
        short = summary(result.verdicts, result.findings, selected)
        context["ti"].xcom_push(key="summary", value=short)
        headline = f"{self.environment}: {short['headline']}"
        report_findings(self.log, context["ti"], headline, result.findings, failed=failed(result.findings))
        for line in result.measurements():
            self.log.info("%s", line)
        end_log(self.log, headline, self.environment, failed=failed(result.findings))
        measured = len(selected) - len(result.not_measurable)
        bad = {finding.subject.query for finding in result.findings if failed([finding])}
        if bad:
            raise AirflowFailException(f"{len(bad)} of {measured} queries failed or could not be measured.")
        return {"queries": measured, "samples": len(result.samples), "findings": len(result.findings)}
