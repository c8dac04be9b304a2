"""Put the sections of an environment into one HTML document that loads nothing from elsewhere."""

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from logops.environment import Environment
from logops.errors import LogopsError
from logops.findings.store import NothingStoredError, ResultsStore
from logops.report.charts import theme_rules
from logops.report.section import Section, SectionModule, Shown, render
from logops.report.sections import SECTIONS

Reads = dict[Callable[..., Any], Any]
"""What the functions `read` returned, by function."""
_AIRFLOW_LINK = re.compile(r' href="\.\./([^"]*)" data-out')
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """The content of the page of one environment, for one kind of reader."""

    environment: str
    description: str
    now: datetime
    """The moment that the page is about."""
    sections: tuple[Section, ...]
    """The first one is the first screen."""
    leaves_out: bool
    """Whether there is something about security clusters that the reader may not see."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the page links to outside of itself."""

    airflow: str = ".."
    """Address of Airflow without a slash at the end. `..`: Airflow serves the page. Empty: unknown, so links to it are
    plain text."""
    environments: tuple[tuple[str, str], ...] = ()
    """Name and address of the pages of all environments, if there are several."""


def build(
    store: ResultsStore,
    environment: Environment,
    now: datetime,
    shown: Shown,
    modules: Sequence[SectionModule] = SECTIONS,
) -> Page:
    """Read the results of every section. A section that cannot be made says so, and the others are shown."""
    # Modules with the same `read` share its data.
    reads: Reads = {}
    sections = tuple(_made(module, reads, store, environment, now, shown) for module in modules)
    has_security = any(cluster.data == "security" for cluster in environment.clusters.values())
    return Page(
        environment.name, environment.description, now, sections, leaves_out=has_security and "security" not in shown
    )


def html(page: Page, links: Links | None = None) -> str:
    """Return the page as one HTML document."""
    script = _part("tables.js") + _part("page.js")
    links = links or Links()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    document = render(
        "page.html",
        page=page,
        first=page.sections[0],
        others=page.sections[1:],
        links=links,
        style=Markup(_part("page.css") + theme_rules()),
        script=Markup(script),
        script_digest=digest,
    )
    # Bodies link into Airflow as it serves the page: relative, so that its base path holds.
    link = rf' href="{escape(links.airflow)}/\1" data-out' if links.airflow else ""
    return str(document) if links.airflow == ".." else _AIRFLOW_LINK.sub(link, str(document))


def _made(
    module: SectionModule, reads: Reads, store: ResultsStore, environment: Environment, now: datetime, shown: Shown
) -> Section:
    try:
        functions: Sequence[Callable[..., Any]] = getattr(module, "READS", (module.read,))
        for read in functions:
            if read not in reads:
                reads[read] = read(store, environment, now)
        return module.section(*(reads[read] for read in functions), shown)
    except NothingStoredError:
        summary = "Nothing is recorded yet."
        what = "No run has recorded results for this part. It appears after the first run of its check."
        return Section(module.ID, module.TITLE, summary, render("missing.html", what=what, detail=""), "unknown")
    except Exception as error:
        # One damaged result must not hide all others, whatever it raises.
        _log.exception("Making the section %s of %s failed", module.ID, environment.name)
        # Other errors may quote data that the reader must not see.
        detail = str(error) if isinstance(error, LogopsError) and "security" in shown else type(error).__name__
        what = (
            "The results of this part could not be read or shown. The other parts are complete. The log of the program "
            "that made this page has the whole error. A damaged result file is named by `logops findings list`."
        )
        return Section(
            module.ID,
            module.TITLE,
            "Not known: its results could not be read.",
            render("missing.html", what=what, detail=detail),
            "unknown",
        )


@cache
def _part(name: str) -> str:
    return files("logops.report").joinpath("templates", name).read_text(encoding="utf-8")
