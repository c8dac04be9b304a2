"""The operator of the ingestion quality check."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.docs_pages import OPERATIONS
from logops.airflow.links import DocsLink, PageLink
from logops.airflow.operators.work import (
    end_log,
    judged_moment,
    open_to_read,
    read_environment,
    report_findings,
    results_store,
)


class IngestionQualityOperator(BaseOperator):
    """Check the logs that arrived before a moment. Fails if an error was found, or something could not be checked.

    The numbers are also HTML pages, in `.logops/ENV/quality-docs` of the worker; each run replaces them.

    :param environment: name of a file in include/environments.
    :param window: length of the checked time, such as `1h`; None: as the environment says.
    :param budget: bytes that Loki may read in the whole run, such as `2GiB`; None: as the environment says.
    :param as_of: the end of the checked time, ISO 8601; None: the moment that the run is for.
    """

    template_fields: Sequence[str] = ("environment", "window", "budget", "as_of")
    operator_extra_links = (DocsLink("Runbook", f"{OPERATIONS}#ingestion-quality"), PageLink())

    def __init__(
        self,
        *,
        environment: str,
        window: str | None = None,
        budget: str | None = None,
        as_of: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.window = window
        self.budget = budget
        self.as_of = as_of

    def execute(self, context: Context) -> dict[str, int]:
        """Return `{sources, findings, queries, bytes}`."""
        from logops.airflow.hooks.secrets import salt_secret
        from logops.platforms import STATE
        from logops.quality.request import quality_request
        from logops.quality.run import run_quality
        from logops.quality.summary import summary
        from logops.toolchain import project_root

        environment = read_environment(self.environment)
        os.environ.update(salt_secret(environment, os.environ))
        try:
            request = quality_request(
                environment,
                run=context["run_id"],
                as_of=judged_moment(self.as_of, context),
                now=datetime.now(UTC),
                window=self.window,
                budget=self.budget,
            )
        except ValueError as error:
            raise AirflowFailException(str(error)) from None
        result = run_quality(
            open_to_read(environment),
            request,
            results_store(environment),
            self.log.info,
            record_result=request.is_scheduled_form(environment),
            docs=project_root() / STATE / environment.name / "quality-docs",
        )
        context["ti"].xcom_push(
            key="summary", value=summary(result.headline, len(result.findings), result.rows, result.as_of)
        )
        headline = f"{self.environment}: {result.headline}"
        report_findings(self.log, context["ti"], headline, result.findings, failed=result.failed)
        for note in result.notes:
            self.log.warning("%s", note)
        for row in result.rows:
            self.log.info("%s", row.text(result.as_of))
        for delivery in result.deliveries:
            self.log.info("%s", delivery.text())
        end_log(self.log, headline, self.environment, failed=result.failed)
        if result.failed:
            raise AirflowFailException(result.headline)
        return {
            "sources": len(result.rows),
            "findings": len(result.findings),
            "queries": result.cost.queries,
            "bytes": result.cost.bytes,
        }
