"""The documents of this project as pages of Airflow's API server, so that logs and tasks can link to the runbook.

The pages are those of the version that runs. They need no login: they are the documents of the repository.
"""

import mimetypes
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from logops.findings.links import runbook_url

PREFIX = "/logops"
FINDINGS = "findings.md"
OPERATIONS = "operations.md"
QUERIES = "queries.md"

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
code, pre {{ background: #f3f3f3; padding: .1em .3em; border-radius: 3px; }} pre {{ padding: .8em; overflow-x: auto; }}
table {{ border-collapse: collapse; }} td, th {{ border: 1px solid #ccc; padding: .3em .6em; text-align: left; }}
img {{ max-width: 100%; }} :target {{ background: #fff3b0; }}
</style></head><body>{body}</body></html>
"""


def docs_url(page: str) -> str:
    """Return the full address of a document: `findings.md`, or `findings.md#chunk-missing`."""
    return f"{base_url()}{PREFIX}/docs/{page}"


def finding_url(finding_class: str) -> str:
    """Return the full address of a finding class in the runbook."""
    return runbook_url(base_url(), finding_class)


def base_url() -> str:
    """Return the address of Airflow's pages, without a slash at the end."""
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def html_page(markdown: str) -> str:
    """Return a document as a page. Headings have the ids that GitHub gives them, so links work in both."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    headings = [(token, text.content) for token, text in pairwise(tokens) if _opens(token)]
    for token, text in headings:
        token.attrSet("id", heading_id(text))
    title = headings[0][1] if headings else "logops"
    return _FRAME.format(title=title, body=parser.renderer.render(tokens, parser.options, {}))


def heading_id(text: str) -> str:
    """Return the id of a heading.

    >>> heading_id("When a rollout fails"), heading_id("`chunk-missing`")
    ('when-a-rollout-fails', 'chunk-missing')
    """
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


class DocsApp:
    """An ASGI application that serves the files of a docs folder below `/docs/`.

    Starlette is imported with the first request, because every task loads the plugin.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """folder   None: `docs` of the project, found with the first request"""
        self._folder = folder

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.responses import HTMLResponse, Response

        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        file = self._file(path.removeprefix("/docs/"))
        if file is None:
            text = f"# No such page\n\nlogops serves its folder `docs`: [start here]({PREFIX}/docs/README.md)."
            answer: Response = HTMLResponse(html_page(text), 404)
        elif file.suffix == ".md":
            answer = HTMLResponse(html_page(file.read_text(encoding="utf-8")))
        else:
            answer = Response(file.read_bytes(), media_type=mimetypes.guess_type(file.name)[0])
        await answer(scope, receive, send)

    def _file(self, name: str) -> Path | None:
        """Return a file of the folder; None if it does not exist, or if the name leads out of the folder."""
        from logops.toolchain import project_root

        folder = (self._folder or project_root() / "docs").resolve()
        file = (folder / name).resolve()
        return file if file.is_relative_to(folder) and file.is_file() else None


def _opens(token: Any) -> bool:
    return bool(token.type == "heading_open")
