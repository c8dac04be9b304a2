"""Links of a task to the pages that a person needs next. Airflow shows them as buttons when the task has run."""

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink

from logops.airflow.docs_pages import OPERATIONS, base_url, docs_url
from logops.airflow.page_address import page_url
from logops.drift.form_address import form_path


class DocsLink(BaseOperatorLink):
    """A link to a document of this project."""

    def __init__(self, name: str, page: str) -> None:
        """page   file in docs, with an anchor if it is long: `operations.md#when-a-rollout-fails`"""
        self._name = name
        self._page = page

    @property
    def name(self) -> str:
        return self._name

    @property
    def xcom_key(self) -> str:
        return f"_link_{self._name}"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return docs_url(self._page)


class ResultLink(BaseOperatorLink):
    """A link to the task that reports the result of the run."""

    name = "Result of this run"

    def __init__(self, task_id: str) -> None:
        self._task_id = task_id

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return f"{base_url()}/dags/{ti_key.dag_id}/runs/{quote(ti_key.run_id)}/tasks/{self._task_id}"


class PageLink(BaseOperatorLink):
    """A link to the page of the environment of the operator."""

    name = "Log platform"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """operator   has `environment`"""
        return page_url(operator.environment)


class RolloutFormLink(BaseOperatorLink):
    """A link to the form that triggers a rollout, filled in with the environment and the stages of the operator."""

    name = "Roll out"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """operator   has `environment` and `stages`; without stages, the form has all"""
        return f"{base_url()}/{form_path(operator.environment, operator.stages)}"


RUNBOOK_OF_ROLLOUT = DocsLink("Runbook", f"{OPERATIONS}#when-a-rollout-fails")
ROLLOUT_LINKS = (RUNBOOK_OF_ROLLOUT, ResultLink("summary"))
"""Links of the tasks before `summary`."""
