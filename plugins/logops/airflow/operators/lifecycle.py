"""The operator that applies lifecycle policies where Azure does not: on Azurite."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from logops.airflow.docs_pages import OPERATIONS
from logops.airflow.links import DocsLink
from logops.airflow.operators.work import HEADLINE, judged_moment, open_platform, read_environment
from logops.number_text import count_text, size_text


class LifecycleOperator(BaseOperator):
    """Apply the lifecycle policies of an environment's storage accounts. Skipped if Azure does it.

    :param environment: name of a file in include/environments.
    :param as_of: the moment up to which ages are counted, ISO 8601; None: the moment that the run is for.
    """

    template_fields: Sequence[str] = ("environment", "as_of")
    operator_extra_links = (DocsLink("Runbook", f"{OPERATIONS}#lifecycle-rules-on-azurite"),)

    def __init__(self, *, environment: str, as_of: str | None = None, **kwargs: Any):
        super().__init__(render_template_as_native_obj=True, **kwargs)
        self.environment = environment
        self.as_of = as_of

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return `[{account, container, action, blobs, bytes}]`."""
        from logops.lifecycle.accounts import run_policies

        environment = read_environment(self.environment)
        if environment.platform.kind != "local":
            raise AirflowSkipException(f"Azure carries out the lifecycle policies of {self.environment} itself.")
        as_of = judged_moment(self.as_of, context)
        done = run_policies(open_platform(environment), as_of, self.log.info)
        blobs, size = sum(result.blobs for result in done), sum(result.bytes for result in done)
        due = f"{count_text(blobs, 'blob')} moved or deleted, {size_text(size)}" if blobs else "no blob was due"
        headline = f"{self.environment}: {due}"
        context["ti"].xcom_push(key=HEADLINE, value=headline)
        self.log.info("%s", headline)
        return [result.to_dict() for result in done]
