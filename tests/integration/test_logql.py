"""What LogQL is, as Loki itself says: `/loki/api/v1/format_query` of a real one."""

from collections import Counter

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from logops.logql.errors import LogQLError
from logops.logql.parse import parse
from logops.logql.text import one_line, pretty
from logops.logql.tree import Query
from logops.platforms.local import LocalPlatform
from logql_corpus import QUERIES, REWRITTEN
from logql_trees import nearly, queries

EXAMPLES = 600
ALIVE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Oracle:
    def __init__(self, url: str) -> None:
        self.url = f"{url}/loki/api/v1/format_query"
        self.session = requests.Session()

    def accepts(self, query: str) -> bool:
        answer = self.session.post(self.url, data={"query": query.encode("utf-8", "surrogateescape")}, timeout=30)
        # 500: Loki's parser itself fails, as it does for `rate` with a wrong parameter on one side of an operator.
        assert answer.status_code in (200, 400, 500), answer.text
        return answer.status_code == 200 and answer.json()["status"] == "success"

    def formatted(self, query: str) -> str:
        answer = self.session.post(self.url, data={"query": query.encode("utf-8", "surrogateescape")}, timeout=30)
        return str(answer.json()["data"])


@pytest.fixture(scope="module")
def loki(platform: LocalPlatform) -> Oracle:
    urls = platform.urls("main")
    return Oracle(next(url for name, url in urls.items() if "query-frontend" in name))


def accepted(query: str) -> bool:
    try:
        parse(query)
    except LogQLError:
        return False
    return True


def told(seen: Counter[bool], what: str) -> str:
    return f"\n{what}: {seen[True]} accepted by both, {seen[False]} refused by both, 0 apart"


def test_the_corpus_is_accepted_and_refused_as_by_loki(loki: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    seen = {query: (accepted(query), loki.accepts(query)) for query in QUERIES}

    assert {query: f"logops {own}, Loki {its}" for query, (own, its) in seen.items() if own != its} == {}
    with capsys.disabled():
        print(told(Counter(own for own, _ in seen.values()), "corpus"))


def test_loki_accepts_every_tree(loki: Oracle) -> None:
    @ALIVE
    @given(queries())
    def law(tree: Query) -> None:
        assert loki.accepts(one_line(tree)), one_line(tree)
        assert loki.accepts(pretty(tree, 30)), pretty(tree, 30)

    law()


def test_what_is_nearly_a_query_is_judged_as_by_loki(loki: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    seen: Counter[bool] = Counter()

    @ALIVE
    @given(nearly())
    def law(query: str) -> None:
        own = accepted(query)
        seen[own] += 1
        assert own == loki.accepts(query), query

    law()
    with capsys.disabled():
        print(told(seen, "nearly queries"))


def test_what_loki_writes_is_the_same_tree(loki: Oracle) -> None:
    written = {query: loki.formatted(query) for query in QUERIES if accepted(query) and query not in REWRITTEN}

    assert {query: text for query, text in written.items() if parse(text) != parse(query)} == {}
