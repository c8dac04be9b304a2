"""The page as a file in a browser: the calendar of tables by mouse and keyboard, and the page on paper."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from logops.audit.policy.phase import Phase
from logops.audit.report.recorded import phases_table
from logops.audit.report.result import TableRow
from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.kinds import TABLE_PHASES
from logops.findings.store import ResultsStore
from logops.report.page import build, html
from logops.report.section import EVERYTHING
from tests.support.environments import environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)
TODAY = NIGHT.toordinal() - datetime(1970, 1, 1).toordinal()
A4_PX = 703
"""Width of a page of A4 between its margins."""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an audit of 40 days. One day has a finding."""
    folder = tmp_path_factory.mktemp("page")
    store = ResultsStore(str(folder / "results"))
    rows = [
        TableRow(
            cluster="main",
            table=f"loki_index_{day}",
            day=day,
            tenant="application",
            phase=Phase.RETAINED,
            action="its first chunks expire",
            due=NIGHT + timedelta(days=90),
            files=1,
            chunks=7,
            bytes=1 << 20,
            tier_chunks=(0, 7, 0, 0, 0),
            findings=0,
            first_expires=NIGHT + timedelta(days=90),
            last_expires=NIGHT + timedelta(days=90),
        )
        for day in range(TODAY - 39, TODAY + 1)
    ]
    store.write(TABLE_PHASES, "local.night", phases_table("local", "night", NIGHT, rows), NIGHT)
    subject = Subject("local", "main", "application", f"loki_index_{TODAY - 3}")
    missing = Finding(CHUNK_MISSING, subject, "A chunk is missing.", NIGHT, {"example": "application/1f/2e"})
    store.write_findings(Run("local", "retention-audit", "night", NIGHT), [missing])
    file = folder / "page.html"
    file.write_text(html(build(store, environment("local"), NIGHT + timedelta(hours=2), EVERYTHING)), encoding="utf-8")
    return file


@pytest.fixture
def tab(browser: "Browser", page_file: Path) -> Iterator["Page"]:
    tab = browser.new_page()
    tab.goto(page_file.as_uri())
    yield tab
    tab.close()


def explanation(tab: "Page") -> str:
    return tab.locator(".explanation").first.inner_text()


def test_click_on_a_day_explains_its_table_and_is_in_the_address(tab: "Page") -> None:
    days = tab.locator('[data-month="2026-11"] .days').first
    box = days.bounding_box()
    assert box is not None
    days.click(position={"x": box["width"] * 9.5 / 31, "y": box["height"] / 2})

    assert f"loki_index_{TODAY - 18}" in explanation(tab)
    assert tab.url.endswith("#table=main/application/2026-11-10")


def test_arrow_keys_move_from_day_to_day_and_from_month_to_month(tab: "Page") -> None:
    tab.locator(".calendar").first.focus()
    chosen = []
    for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        tab.keyboard.press(key)
        chosen.append(tab.url.rpartition("/")[2])

    # The first key chooses the newest day. Below a month is the month before.
    assert chosen == ["2026-11-28", "2026-11-27", "2026-10-27", "2026-11-27"]


def test_shared_address_of_a_day_explains_it_again(tab: "Page", page_file: Path) -> None:
    tab.goto(f"{page_file.as_uri()}#table=main/application/2026-11-25")
    tab.reload()

    assert "chunk-missing" in explanation(tab)


def test_page_on_paper_shows_what_is_closed_on_the_screen(tab: "Page") -> None:
    evidence = tab.get_by_text("application/1f/2e")
    on_screen = evidence.first.is_visible()
    tab.emulate_media(media="print")

    assert (on_screen, evidence.first.is_visible()) == (False, True)


def test_page_on_paper_is_not_wider_than_the_paper(tab: "Page") -> None:
    tab.set_viewport_size({"width": A4_PX, "height": 1000})
    tab.emulate_media(media="print")

    assert tab.evaluate("document.documentElement.scrollWidth") <= A4_PX
