"""The operator that sends alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from logops.airflow.docs_pages import OPERATIONS, base_url
from logops.airflow.links import DocsLink
from logops.airflow.operators.work import open_to_alert, read_environment, report_findings, results_store
from logops.findings import failed


class AlertDeliveryOperator(BaseOperator):
    """Send what all checks found to the Alertmanagers. Fails if one accepts nothing, or if a check is overdue.

    It always sends the present state: a repeated run does no harm.

    :param environment: name of a file in include/environments.
    :param paused_checks: checks whose DAG a person paused: they are not overdue.
    """

    template_fields: Sequence[str] = ("environment", "paused_checks")
    operator_extra_links = (DocsLink("Runbook", f"{OPERATIONS}#alerts"),)

    def __init__(self, *, environment: str, paused_checks: Any = None, **kwargs: Any):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.paused_checks = paused_checks

    def execute(self, context: Context) -> dict[str, int]:
        """Return `{alerts, resolved, findings}`."""
        from logops.alerts.deliver import deliver

        environment = read_environment(self.environment)
        delivery = deliver(
            open_to_alert(environment),
            results_store(environment),
            datetime.now(UTC).replace(microsecond=0),
            self.log.info,
            self.paused_checks or (),
            base_url(),
        )
        headline = f"{self.environment}: {delivery.headline}"
        has_failed = failed(delivery.findings)
        report_findings(self.log, context["ti"], headline, delivery.findings, failed=has_failed)
        if has_failed:
            raise AirflowFailException(delivery.headline)
        return {"alerts": delivery.active, "resolved": delivery.resolved, "findings": len(delivery.findings)}
