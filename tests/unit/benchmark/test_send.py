"""Measure one query: answered, throttled or failed."""

from collections.abc import Iterator
from typing import Any

import pytest

from logops.benchmark.measure.cases import Mode
from logops.benchmark.measure.sample import Ending
from logops.benchmark.measure.send import MAX_RETRIES, send_query
from logops.clients.loki import LokiClient, LokiRefusedError, LokiTimeoutError, Statistics
from logops.logql.parse import parse

STATISTICS = Statistics(0.2, 0.0, 1000, 10, 1, 0, 0, 1, 1)


class Answering(LokiClient):
    """A client that returns the given answers in order and raises the given exceptions."""

    def __init__(self, *given: object) -> None:
        super().__init__("http://127.0.0.1:1")
        self._given: Iterator[object] = iter(given)
        self.fresh: list[bool] = []

    def measured_logs(self, *_: object, fresh: bool = False, **__: object) -> Any:
        self.fresh.append(fresh)
        answer = next(self._given)
        if isinstance(answer, Exception):
            raise answer
        return answer


def refused(status: int, retry_after: float | None = None) -> LokiRefusedError:
    return LokiRefusedError("running q", status, "because", retry_after)


def result(*given: object, waited: list[float] | None = None, mode: Mode = Mode.WARM) -> Any:
    kept: list[float] = [] if waited is None else waited
    return send_query(Answering(*given), "t", parse('{a="b"}'), (0, 1), 60, mode, kept.append)


def test_answer_is_returned_with_time_and_statistics() -> None:
    found = result(([], STATISTICS))

    assert (found.ending, found.statistics, found.backed_off) == (Ending.ANSWERED, STATISTICS, 0)
    assert 0 < found.seconds < 5


def test_429_is_retried_after_requested_or_default_delay() -> None:
    waited: list[float] = []
    found = result(refused(429, 3.0), refused(429), ([], STATISTICS), waited=waited)

    assert (found.ending, found.backed_off) == (Ending.ANSWERED, 2)
    assert waited[0] == 3.0
    assert 1.0 <= waited[1] <= 2.0
    assert found.seconds < 1


def test_repeated_429_is_throttled_without_measured_time() -> None:
    found = result(*[refused(429, 0.1)] * (MAX_RETRIES + 1))

    assert (found.ending, found.seconds, found.statistics) == (Ending.THROTTLED, 0, None)
    assert "because" in found.message


@pytest.mark.parametrize("trouble", [refused(400), refused(503), LokiTimeoutError("running q: no answer in 300 s")])
def test_failure_keeps_error_message_and_is_not_retried(trouble: Exception) -> None:
    found = result(trouble)

    assert (found.ending, found.message) == (Ending.FAILED, str(trouble))


@pytest.mark.parametrize(("mode", "fresh"), [(Mode.WARM, False), (Mode.COLD, True)])
def test_cold_query_bypasses_results_cache(mode: Mode, fresh: bool) -> None:
    client = Answering(([], STATISTICS))
    send_query(client, "t", parse('{a="b"}'), (0, 1), 60, mode)

    assert client.fresh == [fresh]
