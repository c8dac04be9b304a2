"""The contract between the page and its sections.

A section is a module in `report/sections` with these names:

    ID = "storage"                                       id on the page: `#storage`
    TITLE = "Storage and cost"
    read(store, environment, now) -> Data                small I/O; a frozen dataclass
    section(data: Data, shown: Shown) -> Section         pure

A section that also needs the data of another module names both: `READS = (read, state.read)`. Each `read` runs once for
a page, and `section(data, state, shown)` gets what they returned.

Add the module to `report/sections/__init__.py`. What a person can link to is an element whose id is the text after `#`:
`<article id="finding=0a1b2c">` is reached by `#finding=0a1b2c`. The script opens the `<details>` around it.

What may go wrong: `read` may raise any error, such as NothingStoredError. The page then has a section that says so.
What belongs to a security cluster is left out unless `shown` has "security", also in counts and in `summary`.

Classes of the style sheet for bodies: `table` in `<div class="scroll">`, `.sign.ok|.warning|.error|.unknown` (write the
word beside the colour), `.muted`, `.number` (right-aligned), `<figure class="chart">` (from `charts.chart`). Links that
leave the page have the attribute `data-out` (see page.js).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, Protocol

from jinja2 import Environment as Templates
from jinja2 import PackageLoader, StrictUndefined
from markupsafe import Markup

from logops.environment import Environment
from logops.environment.cluster import Data
from logops.findings.store import ResultsStore
from logops.number_text import age_text, count_text, money_text, size_text

Shown = frozenset[Data]
"""Whose data the reader may see: {"standard"}, or {"standard", "security"}."""
STANDARD: Shown = frozenset({"standard"})
EVERYTHING: Shown = frozenset({"standard", "security"})
Mark = Literal["ok", "warning", "error", "unknown"]
"""Whether the promise of a section is kept. `unknown`: nobody checked, or too little is known."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that answers one question."""

    id: str
    title: str
    summary: str
    """One line that answers the question of the section. It is on the first screen as well."""
    body: Markup
    """From a template in report/templates."""
    mark: Mark = "ok"


class SectionModule(Protocol):
    """A module of `report/sections`."""

    ID: str
    TITLE: str

    def read(self, store: ResultsStore, environment: Environment, now: datetime) -> Any: ...

    section: Callable[..., Section]


def render(template: str, **values: object) -> Markup:
    """Return a template of report/templates, filled in. Every value is escaped unless it is Markup.

    Filters: `moment` (`2026-11-28 03:00 UTC`), `ago(now)` (`12 min ago`), `size`, `money`, `count(noun)`, `thousands`.
    """
    return Markup(_templates().get_template(template).render(values))


@cache
def _templates() -> Templates:
    templates = Templates(
        loader=PackageLoader("logops.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "moment": moment_text,
        "ago": ago_text,
        "size": size_text,
        "money": money_text,
        "count": count_text,
        "thousands": "{:,}".format,
    }
    return templates


def moment_text(moment: datetime) -> str:
    """Return a moment in UTC.

    >>> moment_text(datetime(2026, 11, 28, 3, 0, 12, tzinfo=UTC))
    '2026-11-28 03:00 UTC'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago_text(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was.

    >>> ago_text(datetime(2026, 11, 28, 3, tzinfo=UTC), datetime(2026, 11, 28, 3, 12, tzinfo=UTC))
    '12 min ago'
    """
    return f"{age_text(max(0.0, (now - moment).total_seconds()))} ago"
