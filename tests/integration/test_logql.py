"""Compare the LogQL parser with a real Loki, through `/loki/api/v1/format_query`."""

from collections import Counter
from collections.abc import Iterator

import pytest
import requests
from hypothesis import HealthCheck, given, settings

from logops.logql.parse import is_query, parse
from logops.logql.text import one_line, pretty
from logops.logql.tree import Query
from tests.support.logql_corpus import QUERIES, REWRITTEN
from tests.support.logql_trees import nearly, queries
from tests.support.lokis import running_loki
from tests.support.messages import AddMessage

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
        # 500: Loki's parser itself fails, for example for `rate` with a wrong parameter on one side of an operator.
        assert answer.status_code in (200, 400, 500), answer.text
        return answer.status_code == 200 and answer.json()["status"] == "success"

    def formatted(self, query: str) -> str:
        answer = self.session.post(self.url, data={"query": query.encode("utf-8", "surrogateescape")}, timeout=30)
        return str(answer.json()["data"])


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    with running_loki(tmp_path_factory.mktemp("loki")) as client:
        yield Oracle(client.url)


class Agreement:
    """The verdicts of logops and Loki for each query. They are reported before the assertions."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.judged: dict[str, tuple[bool, bool]] = {}
        self.rewritten: dict[str, tuple[str, str]] = {}
        self.written = 0

    def judge(self, query: str) -> bool:
        """Return whether both give the same verdict.

        If both accept the query, Loki must also read the text that logops writes as the same query.
        """
        own, its = self.judged[query] = (is_query(query), self.oracle.accepts(query))
        if own and its:
            self.write(query)
        return own == its and query not in self.rewritten

    def write(self, query: str) -> None:
        tree, its = parse(query), self.oracle.formatted(query)
        for text in dict.fromkeys((one_line(tree), pretty(tree, 20))):
            self.written += 1
            again = self.oracle.formatted(text)
            if again != its:
                self.rewritten[query] = (its, again)

    def summary(self, what: str) -> str:
        seen = Counter(self.judged.values())
        return (
            f"{what}: {len(self.judged)} texts, {seen[True, True]} accepted by both, {seen[False, False]} refused by "
            f"both, {seen[True, False] + seen[False, True]} apart; of {self.written} written again "
            f"{len(self.rewritten)} read by Loki as another query"
        )

    def apart(self) -> dict[str, str]:
        return {query: f"logops {own}, Loki {its}" for query, (own, its) in self.judged.items() if own != its}


def test_parser_accepts_same_corpus_queries_as_loki(loki: Oracle, add_message: AddMessage) -> None:
    agreement = Agreement(loki)
    for query in QUERIES:
        agreement.judge(query)

    add_message(agreement.summary("corpus"))
    assert agreement.apart() == {}
    assert agreement.rewritten == {}


def test_loki_accepts_every_generated_query_tree(loki: Oracle, add_message: AddMessage) -> None:
    agreement = Agreement(loki)

    @ALIVE
    @given(queries())
    def law(tree: Query) -> None:
        assert agreement.judge(one_line(tree)), one_line(tree)
        assert agreement.judge(pretty(tree, 30)), pretty(tree, 30)

    try:
        law()
    finally:
        add_message(agreement.summary("written trees"))


def test_parser_accepts_same_damaged_queries_as_loki(loki: Oracle, add_message: AddMessage) -> None:
    agreement = Agreement(loki)

    @ALIVE
    @given(nearly())
    def law(query: str) -> None:
        assert agreement.judge(query), query

    try:
        law()
    finally:
        add_message(agreement.summary("nearly queries"))


def test_query_formatted_by_loki_parses_to_same_tree(loki: Oracle) -> None:
    written = {query: loki.formatted(query) for query in QUERIES if is_query(query)}
    read = {query: text for query, text in written.items() if query not in REWRITTEN}

    assert {query: text for query, text in read.items() if parse(text) != parse(query)} == {}
    # REWRITTEN may contain only queries that Loki formats as a different query.
    assert {query for query in REWRITTEN if is_query(written[query]) and parse(written[query]) == parse(query)} == set()
