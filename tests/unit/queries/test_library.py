"""Tests of the shipped library and of invalid library files."""

from pathlib import Path

import pytest

from logops.logql import literals
from logops.logql.lint.advice import Context
from logops.logql.lint.check import lint
from logops.queries.fill import fill
from logops.queries.library import LibraryError, UnknownQueryError, load_library, select

ROOT = Path(__file__).parents[3]
LIBRARY = load_library(ROOT)
ONE = """queries:
  one:
    description: d
    owner: o
    cluster: main
    tenant: t
    logql: '{a="b"}'
    objective: {p95: 1s, bytes: 1MiB}
    answer: {lines: 1, newest: x}
"""
STORY = """    story:
      logql: LOGQL
      note: n
      answers: nothing
      measured: {seconds: 1, bytes: 1}
"""


@pytest.mark.parametrize("name", LIBRARY)
def test_shipped_query_has_no_lint_finding(name: str) -> None:
    query = LIBRARY[name]
    step = literals.range_duration(str(query.step)) if query.step else None

    assert lint(fill(query, query.example), Context(step, frozenset({"trace_id", "span_id"}))) == []


def test_library_has_every_query_of_the_story() -> None:
    assert {name for name, query in LIBRARY.items() if query.story} == {
        "errors", "slow-requests", "failed-logins", "request-rate", "error-rate", "slow-database-queries",
        "container-errors", "audit-events", "requests-by-status", "security-events",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ONE.replace('{a="b"}', '{a="b"'), "one.yaml, queries.one.logql: line 1, column 7: expected a comma or }"),
        (
            ONE.replace("owner: o", "owner: o\n    ownr: p"),
            "one.yaml:5, queries.one.ownr: Extra inputs are not permitted.",
        ),
        (ONE.replace("    owner: o\n", ""), "one.yaml:2, queries.one.owner: Field required."),
        (
            ONE.replace('{a="b"}', 'rate({a="b"}[5m])'),
            "queries.one: a query has a step where it answers",
        ),
        (ONE.replace('{a="b"}', '{a="${c}"}'), "its text and its parameters do not agree on c."),
        (ONE.replace("{lines: 1, newest: x}", "{}"), "queries.one.answer: lines and newest of a log query"),
        (ONE.replace(", newest: x", ""), "queries.one.answer: lines and newest of a log query"),
        (ONE.replace("newest: x", "newest: x, series: 1"), "queries.one.answer: lines and newest of a log query"),
        (
            ONE + STORY.replace("LOGQL", "'{a='").replace("nothing", "the same"),
            "queries.one.story.logql: line 1, column 4: expected a string",
        ),
        (ONE + STORY.replace("LOGQL", "'{a=\"b\"}'"), "mended: stands where the answer is not the same"),
        (
            ONE + STORY.replace("LOGQL", "'{a=\"b\"}'") + "      mended: '{'\n",
            "queries.one.story.mended: line 1, column 2: expected a label",
        ),
        (ONE + ONE.removeprefix("queries:\n"), "one.yaml is not YAML: line 10: the key 'one' is a duplicate"),
        ("queries: 0x" + "f" * 5000, "is not YAML: Exceeds the limit"),
        ("queries: [", "is not YAML"),
        ("", "Input should be"),
    ],
)
def test_invalid_library_file_is_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text.encode())

    with pytest.raises(LibraryError) as refused:
        load_library(tmp_path)

    assert message in str(refused.value)


def test_date_in_library_file_stays_text(tmp_path: Path) -> None:
    write(tmp_path, ONE.replace("newest: x", "newest: 2026-13-45").encode())

    assert load_library(tmp_path)["one"].answer.newest == "2026-13-45"


def test_library_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    write(tmp_path, b"queries: \xff")

    with pytest.raises(LibraryError, match=r"one\.yaml is not YAML: 'utf-8' codec can't decode byte 0xff"):
        load_library(tmp_path)


def test_query_name_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ONE.encode())
    (tmp_path / "include/logql/two.yaml").write_text(ONE)

    with pytest.raises(LibraryError, match="one is the name of a query of another file, too"):
        load_library(tmp_path)


def test_select_without_names_returns_all_queries() -> None:
    assert select(LIBRARY, []) == LIBRARY


def test_select_returns_named_queries_in_order_of_library() -> None:
    first, second, *_ = LIBRARY
    assert list(select(LIBRARY, [second, first])) == [first, second]


def test_select_of_unknown_query_is_refused_with_unknown_and_known_names() -> None:
    with pytest.raises(UnknownQueryError, match=r"^No query erors, zz in include/logql/\. There are: audit-events, "):
        select(LIBRARY, ["zz", "errors", "erors"])


def write(root: Path, content: bytes) -> None:
    folder = root / "include/logql"
    folder.mkdir(parents=True)
    (folder / "one.yaml").write_bytes(content)
