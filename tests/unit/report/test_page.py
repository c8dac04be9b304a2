"""The page as a whole: one document that loads nothing, shows every section, and survives a damaged one."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from markupsafe import Markup

from logops.findings import Finding, Run, Subject
from logops.findings.classes.audit import CHUNK_MISSING
from logops.findings.store import NothingStoredError, ResultsStore
from logops.report.page import Links, Page, build, html
from logops.report.section import EVERYTHING, STANDARD, Section, SectionModule
from tests.support.environments import environment
from tests.support.html_elements import Elements

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)
HOSTILE = "</title><script>alert('x')</script><img src=x onerror=alert(1)> \"' &amp; `</code>`"


@pytest.fixture
def store(tmp_path: Path) -> ResultsStore:
    return ResultsStore(str(tmp_path))


def module(result: object, name: str = "other") -> SectionModule:
    """A section whose `read` returns or raises a value."""

    def read(*_: object) -> object:
        if isinstance(result, Exception):
            raise result
        return result

    def section(data: Any, _: object) -> Section:
        return Section(name, name.title(), str(data), Markup("<p>body</p>"))

    return SimpleNamespace(ID=name, TITLE=name.title(), read=read, section=section)  # type: ignore[return-value]


def page_of(*results: object) -> Page:
    """The page of an empty store with sections that read these results."""
    modules: Sequence[SectionModule] = [module(result, f"part{number}") for number, result in enumerate(results)]
    return build(ResultsStore("memory://nothing"), environment("local"), NOW, STANDARD, modules)


def test_page_of_an_environment_without_history_says_that_no_check_has_run(store: ResultsStore) -> None:
    page = build(store, environment("local"), NOW, STANDARD)

    assert page.sections[0].summary == "Nothing is known about local yet: no check has run."


def test_page_loads_nothing_from_elsewhere(store: ResultsStore) -> None:
    elements = Elements(html(build(store, environment("local"), NOW, EVERYTHING)))

    loads = [tag for tag, attributes in elements.found if "src" in attributes or tag in ("link", "iframe", "object")]
    assert loads == []


def test_every_link_inside_of_the_page_reaches_an_element(store: ResultsStore) -> None:
    finding = Finding(CHUNK_MISSING, Subject("local", "main", "application"), "A chunk is missing.", NIGHT)
    store.write_findings(Run("local", "retention-audit", "nightly", NIGHT), [finding])

    elements = Elements(html(build(store, environment("local"), NOW, STANDARD)))

    links = {str(link["href"]) for link in elements.named("a") if str(link.get("href", "")).startswith("#")}
    assert f"#finding={finding.id}" in links
    assert links <= {f"#{name}" for name in elements.ids}


def test_no_two_elements_have_the_same_id(store: ResultsStore) -> None:
    found = [Finding(CHUNK_MISSING, Subject("local", "main", table=f"t{n}"), "Missing.", NIGHT) for n in range(5)]
    store.write_findings(Run("local", "retention-audit", "nightly", NIGHT), found)

    ids = Elements(html(build(store, environment("local"), NOW, STANDARD))).ids

    assert len(ids) == len(set(ids))


def test_hostile_text_in_a_finding_is_text_on_the_page(store: ResultsStore) -> None:
    hostile = Finding(
        CHUNK_MISSING,
        Subject("local", "main", HOSTILE, HOSTILE, path=HOSTILE),
        HOSTILE,
        NIGHT,
        {"name": HOSTILE, "lines": f"{HOSTILE}\n{HOSTILE}"},
        remedy=f"Run `{HOSTILE}`.",
    )
    store.write_findings(Run("local", "retention-audit", HOSTILE, NIGHT), [hostile])

    elements = Elements(html(build(store, environment("local"), NOW, STANDARD)))

    assert (len(elements.named("script")), len(elements.named("img"))) == (1, 0)
    assert [attributes for _, attributes in elements.found if any(name.startswith("on") for name in attributes)] == []


def test_only_the_script_of_the_page_may_run(store: ResultsStore) -> None:
    document = html(build(store, environment("local"), NOW, STANDARD))

    [policy] = [meta["content"] for meta in Elements(document).named("meta") if "http-equiv" in meta]
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", str(policy))


def test_section_without_results_says_that_nothing_is_recorded_yet() -> None:
    page = page_of("fine", NothingStoredError("No run has written query-samples."))

    assert (page.sections[1].mark, page.sections[1].summary) == ("unknown", "Nothing is recorded yet.")


def test_damaged_section_is_named_and_the_others_are_shown() -> None:
    page = page_of("fine", ValueError("secret cluster name"), "fine too")

    assert [section.summary for section in page.sections] == [
        "fine",
        "Not known: its results could not be read.",
        "fine too",
    ]
    assert "secret cluster name" not in html(page)


def test_sections_with_the_same_read_function_read_once() -> None:
    calls: list[int] = []
    first, second = module("a", "one"), module("b", "two")

    def read(*_: object) -> int:
        calls.append(1)
        return 7

    first.read = second.read = read  # type: ignore[method-assign]
    page = build(ResultsStore("memory://nothing"), environment("local"), NOW, STANDARD, [first, second])

    assert ([section.summary for section in page.sections], len(calls)) == (["7", "7"], 1)


@pytest.mark.parametrize(
    ("airflow", "href"),
    [
        ("..", "../dags/rollout"),
        ("https://airflow.example/team", "https://airflow.example/team/dags/rollout"),
        ("", None),
    ],
)
def test_link_into_airflow_follows_the_address_of_airflow(airflow: str, href: str | None) -> None:
    body = Markup('<a href="../dags/rollout" data-out>the run</a>')
    page = Page("local", "", NOW, (Section("now", "Now", "Fine.", body),), leaves_out=False)

    [link] = [
        link
        for link in Elements(html(page, Links(airflow))).named("a")
        if "href" not in link or ".." in str(link["href"]) or "dags" in str(link["href"])
    ]

    assert link.get("href") == href
