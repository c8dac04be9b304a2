"""Run one query once, and measure it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from logops.benchmark.measure.cases import Attempt, Mode
from logops.benchmark.measure.prepare import PreparedQuery
from logops.benchmark.measure.sample import Ending, Sample
from logops.benchmark.request import BenchmarkRequest
from logops.clients.loki import LokiClient, LokiError, LokiRefusedError, LokiUnreachableError, Statistics
from logops.logql.tree import Query
from logops.queries.run import run_query

TOO_MANY = 429
LIMIT = 1000
"""Lines of a log query."""
MAX_RETRIES = 6
"""Maximum of retries after 429."""
LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The result of one query."""

    ending: Ending
    seconds: float
    backed_off: int
    message: str
    statistics: Statistics | None


def send_query(
    client: LokiClient,
    tenant: str,
    query: Query,
    span: tuple[int, int],
    step_s: int,
    mode: Mode,
    wait: Callable[[float], None] = time.sleep,
) -> QueryResult:
    """Run a query and measure the attempt that Loki answers. After 429, wait and retry: that time is not measured."""
    for backed_off in range(MAX_RETRIES + 1):
        started = time.perf_counter()
        try:
            answer = run_query(client, tenant, query, *span, step_s, LIMIT, fresh=mode is Mode.COLD)
        except LokiRefusedError as refused:
            if refused.status != TOO_MANY:
                return QueryResult(Ending.FAILED, 0, backed_off, str(refused), None)
            message = str(refused)
            if backed_off < MAX_RETRIES:
                pause = refused.retry_after or random.uniform(0.5, 1.0) * 2**backed_off
                wait(min(pause, LONGEST_WAIT_S))
        except LokiUnreachableError as error:
            return QueryResult(Ending.UNREACHED, 0, backed_off, str(error), None)
        except LokiError as error:
            return QueryResult(Ending.FAILED, 0, backed_off, str(error), None)
        else:
            return QueryResult(Ending.ANSWERED, time.perf_counter() - started, backed_off, "", answer.statistics)
    return QueryResult(Ending.THROTTLED, 0, MAX_RETRIES, message, None)


def measure_attempt(prepared: PreparedQuery, attempt: Attempt, skipped: Sample, request: BenchmarkRequest) -> Sample:
    """Run a prepared query and return its sample.

    skipped   the sample to return if the query were skipped: it says what is measured
    """
    end_ns = int(request.as_of.timestamp()) * 10**9
    span = (end_ns - attempt.case.range_s * 10**9, end_ns)
    result = send_query(
        prepared.client, prepared.declared.tenant, prepared.query, span, skipped.step_s, attempt.case.mode
    )
    sample = replace(
        skipped, ending=result.ending, seconds=result.seconds, backed_off=result.backed_off, message=result.message
    )
    if result.statistics is None:
        return sample
    statistics = result.statistics
    return replace(
        sample,
        exec_s=statistics.exec_seconds,
        queue_s=statistics.queue_seconds,
        bytes=statistics.bytes_processed,
        lines=statistics.lines_processed,
        chunks=statistics.chunks,
        cached_chunks=statistics.cached_chunks,
        cached_results=statistics.cached_results,
        splits=statistics.splits,
        shards=statistics.shards,
    )
