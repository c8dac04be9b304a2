"""Suites of Great Expectations over the measured values, and their pages."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from logops.quality.data_docs import write_data_docs
from tests.support.quality import STREAM, context, entry, healthy

LINE = "a line that only its readers may see"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bool], Path]:
    """The result of each family for a faulty source, and the folder of its pages, which were written twice."""
    folder = tmp_path_factory.mktemp("pages") / "docs"
    measure = replace(
        healthy((60,) * 10 + (0,) * 20),
        unparsable=900,
        streams=[STREAM, {"job": "oversight-app"}],
        sample=[entry(LINE)],
    )
    assert all(write_data_docs(context(healthy()), folder).values())
    return write_data_docs(context(measure), folder), folder


def test_suites_fail_where_the_run_has_findings_and_pages_have_no_lines(faulty: tuple[dict[str, bool], Path]) -> None:
    passed, folder = faulty
    pages = [*folder.rglob("*.html")]

    assert passed == {"arrival": False, "shape": False, "labels": False, "pipeline": True}
    assert len([page for page in pages if "validations" in page.parts]) == 4
    assert not any(LINE in page.read_text() for page in pages)


def test_first_page_says_what_was_checked_and_links_to_each_result(faulty: tuple[dict[str, bool], Path]) -> None:
    folder = faulty[1]
    page = (folder / "index.html").read_text()

    assert "Lines from 2026-11-28 11:30 UTC to 2026-11-28 12:00 UTC." in page
    assert re.findall("<td><a.*?>(.*?)</a></td><td>(passed|<b>failed</b>)</td>", page) == [
        ("Do lines arrive, and on time?", "<b>failed</b>"),
        ("Do lines have their declared format?", "<b>failed</b>"),
        ("Do streams have their labels, and are there not too many streams?", "<b>failed</b>"),
        ("Is every line passed on?", "passed"),
    ]
    assert [link for link in re.findall('href="(.*?)"', page) if not (folder / link).is_file()] == []


def test_pages_are_small(faulty: tuple[dict[str, bool], Path]) -> None:
    assert sum(file.stat().st_size for file in faulty[1].rglob("*") if file.is_file()) < 1_000_000
