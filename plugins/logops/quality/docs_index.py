"""The first page of the HTML pages of a quality run. It needs no script, no style and no network. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.4rem 1rem .4rem 0;border-bottom:1px solid #8886}"
)


@dataclass(frozen=True)
class Family:
    """The result of a family of checks."""

    question: str
    has_passed: bool
    page: str
    """Address of its page, relative to the first page."""


def index_page(environment: str, window: str, families: Sequence[Family]) -> str:
    """Return the first page as HTML: one row per family, those that failed first.

    window   the time that was checked, as people read it
    """
    rows = "\n".join(
        f'<tr><td><a href="{escape(family.page)}">{escape(family.question)}</a></td>'
        f"<td>{'passed' if family.has_passed else '<b>failed</b>'}</td></tr>"
        for family in sorted(families, key=lambda family: family.has_passed)
    )
    title = f"Ingestion quality of {escape(environment)}"
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{_STYLE}</style>
<h1>{title}</h1>
<p>Lines from {escape(window)}. Numbers only: no line of a log is on these pages.</p>
<table>
<tr><th>Question</th><th>Result</th></tr>
{rows}
</table>
<p>What to do, and who owns each source: <code>logops quality show {escape(environment)}</code>.</p>
<p>Great Expectations wrote the linked pages. They load their style from the internet, and can be read without it.</p>
</html>
"""
