"""Compare `refusals` with a real Loki, for stages that Loki refuses only when it runs the query."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from logops.clients.loki import Entry, LokiClient, LokiRefusedError
from logops.logql.parse import parse
from logops.logql.refused import refusals
from logops.queries.run import run_query
from tests.support.logql_refusals import STAGES
from tests.support.lokis import running_loki
from tests.support.messages import AddMessage

TENANT = "refused"
LINES = ("ERROR boom", '{"msg":"x"}')


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LokiClient]:
    with running_loki(tmp_path_factory.mktemp("loki")) as client:
        now = time.time_ns()
        client.push(TENANT, [Entry(now - at, {"a": "b"}, line) for at, line in enumerate(LINES)])
        yield client


def test_refusals_predict_exactly_stages_that_loki_refuses(loki: LokiClient, add_message: AddMessage) -> None:
    queries = [f'{{a="b"}} {stage}' for stage in STAGES]
    seen = {query: (next(refusals(parse(query)), None) is None, runs(loki, query)) for query in queries}
    apart = {query: f"logops {own}, Loki {its}" for query, (own, its) in seen.items() if own != its}

    both = Counter(own for own, its in seen.values() if own == its)
    add_message(f"stages: {both[True]} run by both, {both[False]} refused by both, {len(apart)} apart")
    assert apart == {}


def runs(loki: LokiClient, query: str) -> bool:
    """Return whether Loki runs the query, without the header that makes Loki return no lines."""
    answer = requests.get(
        f"{loki.url}/loki/api/v1/query_range",
        params={"query": query.encode("utf-8", "surrogateescape"), "limit": 10},
        headers={"X-Scope-OrgID": TENANT},
        timeout=30,
    )
    # 500: Loki itself fails if json extracts a label with unusual letters.
    assert answer.status_code in (200, 400, 500), answer.text
    return answer.status_code == 200


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ('|~ "("', "error parsing regexp: missing closing )"),
        ('| json x="[[["', "cannot parse expression [[[[]"),
        ('| line_format "{{nofunc .x}}"', 'function "nofunc" not defined'),
    ],
)
def test_refused_stage_raises_with_loki_message(loki: LokiClient, stage: str, message: str) -> None:
    now = time.time_ns()
    with pytest.raises(LokiRefusedError) as refused:
        run_query(loki, TENANT, parse(f'{{a="b"}} {stage}'), now - 3600 * 10**9, now, 60, 100)

    assert message in str(refused.value)
