"""The operator of the drift check."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from logops.airflow.docs_pages import OPERATIONS
from logops.airflow.links import DocsLink, RolloutFormLink
from logops.airflow.operators.work import (
    HEADLINE,
    open_to_compare,
    read_environment,
    report_findings,
    results_store,
)
from logops.stages import STAGES


class DriftOperator(BaseOperator):
    """Compare the live system with what its environment file renders, and Airflow's files with the checkout.

    Fails if something differs that nobody accepted, or could not be compared. Skipped while a rollout is changing the
    environment. It always compares the present.

    :param environment: name of a file in include/environments.
    :param dags: folder of the DAG files that Airflow reads.
    """

    template_fields: Sequence[str] = ("environment",)
    operator_extra_links = (DocsLink("Runbook", f"{OPERATIONS}#drift"), RolloutFormLink())

    def __init__(self, *, environment: str, dags: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.environment = environment
        self.dags = dags
        self.stages: list[str] = []
        """The stages that differ, after `execute`: the button *Roll out* has them."""

    def execute(self, context: Context) -> dict[str, int]:
        """Return `{findings, accepted}`."""
        import logops
        from logops.drift.airflow_files import AirflowFiles
        from logops.drift.run import DriftRequest, run_drift

        environment = read_environment(self.environment)
        result = run_drift(
            open_to_compare(environment),
            DriftRequest(
                run=context["run_id"],
                as_of=datetime.now(UTC).replace(microsecond=0),
                airflow=AirflowFiles(Path(self.dags), Path(logops.__file__).parent),
            ),
            results_store(environment),
            self.log.info,
        )
        self.stages = [part.name for part in result.parts if part.different and part.name in STAGES]
        headline = f"{self.environment}: {result.headline}"
        if result.rollout:
            context["ti"].xcom_push(key=HEADLINE, value=headline)
            raise AirflowSkipException(headline)
        context["ti"].xcom_push(key="summary", value={"headline": result.headline, "findings": len(result.open)})
        report_findings(self.log, context["ti"], headline, result.open, failed=result.failed)
        for finding in result.findings:
            if finding.id in result.accepted:
                self.log.info("%s %s: %s", finding.cls.name, finding.subject, result.accepted[finding.id].text)
        for part in result.parts:
            self.log.info("%s: %s (%s)", part.name, part.verdict, part.compared or "nothing compared")
        for note in result.notes:
            self.log.warning("%s", note)
        if result.failed:
            raise AirflowFailException(result.headline)
        return {"findings": len(result.open), "accepted": len(result.accepted)}
