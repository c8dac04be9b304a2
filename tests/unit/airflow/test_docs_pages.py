"""The documents as pages of Airflow: headings that links reach, and no file outside of the folder."""

from tests.support import airflow_home

# isort: split
import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from logops.airflow.docs_pages import DocsApp, finding_url, html_page
from logops.airflow.links import DocsLink
from logops.findings.classes import REGISTRY

DOCS = airflow_home.ROOT / "docs"


def get(path: str, folder: Path = DOCS) -> tuple[int, str]:
    """Ask for a page as Airflow's API server does. Return the status and the text."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": f"/logops{path}", "root_path": "/logops"}
    asyncio.run(DocsApp(folder)(scope, None, send))
    return sent[0]["status"], sent[1]["body"].decode()


def test_runbook_has_a_heading_for_every_finding_class() -> None:
    status, page = get("/docs/findings.md")

    assert status == 200
    assert REGISTRY.keys() <= set(re.findall(r'<h\d id="([^"]+)"', page))


def test_finding_url_is_a_full_address_below_the_address_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/team/")

    assert finding_url("chunk-missing") == "https://airflow.example/team/logops/docs/findings.md#chunk-missing"


def test_every_runbook_link_of_a_task_reaches_a_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "")
    folder = airflow_home.ROOT / "dags"
    dags = DagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder").dags.values()
    links = {
        link.get_link(task, ti_key=None).removeprefix("/logops")
        for dag in dags
        for task in dag.tasks
        for link in task.operator_extra_links
        if isinstance(link, DocsLink)
    }

    missing = []
    for link in links:
        path, _, anchor = link.partition("#")
        status, page = get(path)
        if status != 200 or (anchor and f'id="{anchor}"' not in page):
            missing.append(link)
    assert len(links) >= 4
    assert missing == []


@pytest.mark.parametrize("path", ["/docs/../README.md", "/docs//etc/passwd", "/docs/nothing.md", "/docs/", "/other"])
def test_file_outside_of_the_docs_folder_is_not_served(path: str) -> None:
    status, page = get(path)

    assert status == 404
    assert "No such page" in page


def test_html_in_a_document_is_shown_as_text() -> None:
    assert "<script>" not in html_page("# Title\n\n<script>alert(1)</script>")


def test_page_has_the_first_heading_as_its_title() -> None:
    assert "<title>Find the command</title>" in html_page("# Find the command\n\n## Other")
