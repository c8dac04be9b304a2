"""Airflow's door to the benchmark of the query library."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.operators.work import open_to_read, read_environment, results_store
from logops.benchmark.asked import MOST_ROUNDS, ROUNDS


class QueryBenchmarkOperator(BaseOperator):
    """Measure the library's queries on a live cluster; fails where one is not answered or could not be measured.

    :param environment: name of a file in include/environments.
    :param queries: names of the library; none: all.
    :param rounds: how often each is measured.
    :param most_rounds: up to so often where its answers differ much.
    :param ranges: also over so long, such as `24h`; None: as the environment says, and so for the next two.
    :param budget: bytes that Loki may read for all of it, such as `20GiB`.
    :param minutes: that all of it may take.
    :param concurrency: queries at a time.
    :param as_of: where every range ends, ISO 8601; none: the moment that the run is for.
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
        """Gives `{queries, samples, findings}`."""
        from logops.benchmark.asked import Asked, in_seconds
        from logops.benchmark.measurable import NotMeasurableError
        from logops.benchmark.run import run_benchmark
        from logops.benchmark.shots import Mode
        from logops.benchmark.summary import summary
        from logops.environment.units import Duration, Size
        from logops.findings.model import Severity
        from logops.queries.library import load_library
        from logops.toolchain import project_root

        moment = datetime.fromisoformat(self.as_of) if self.as_of else context["dag_run"].run_after
        if moment.tzinfo is None:
            raise AirflowFailException(f"as_of is {self.as_of!r}, which has no time zone: write 2026-11-23T00:00:00Z.")
        library = load_library(project_root())
        unknown = sorted(set(self.queries or ()) - set(library))
        if unknown:
            known = ", ".join(sorted(library))
            raise AirflowFailException(f"No query {', '.join(unknown)} in include/logql/. There are: {known}.")
        environment = read_environment(self.environment)
        usual = environment.benchmark
        try:
            ranges_s = in_seconds(usual.ranges if self.ranges is None else map(Duration, self.ranges))
            budget = usual.budget if self.budget is None else Size(self.budget)
        except ValueError as error:
            raise AirflowFailException(str(error)) from None
        asked = Asked(
            run=context["run_id"],
            as_of=moment,
            rounds=int(self.rounds),
            modes=tuple(Mode),
            ranges_s=ranges_s,
            budget_bytes=budget.value,
            concurrency=int(self.concurrency),
            named=bool(self.queries),
            most_rounds=int(self.most_rounds),
            minutes=usual.minutes if self.minutes is None else int(self.minutes),
        )
        wanted = {name: query for name, query in library.items() if not self.queries or name in self.queries}
        store = results_store(environment)
        try:
            (outcome,) = run_benchmark([open_to_read(environment)], wanted, asked, lambda _: store, self.log.info)
        except NotMeasurableError as error:
            raise AirflowFailException(str(error)) from None
        context["ti"].xcom_push(key="summary", value=summary(outcome.verdicts, outcome.findings, wanted))
        for line in outcome.lines():
            self.log.info("%s", line)
        measured = len(wanted) - len(outcome.left_out)
        bad = {one.subject.query for one in outcome.findings if one.cls.severity.rank >= Severity.ERROR.rank}
        if bad:
            raise AirflowFailException(f"{len(bad)} of {measured} queries failed or could not be measured.")
        return {"queries": measured, "samples": len(outcome.samples), "findings": len(outcome.findings)}
