"""Run one query once, and measure it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from logops.benchmark.sample import Ending
from logops.benchmark.shots import Mode
from logops.clients.loki import LokiClient, LokiError, LokiRefusedError, LokiUnreachableError
from logops.clients.loki.answers import Statistics
from logops.logql.tree import Query
from logops.queries.run import run_query

TOO_MANY = 429
LIMIT = 1000
"""Lines of a log query."""
PATIENCE = 6
"""Maximum of retries after 429."""
LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Fired:
    """The result of one query."""

    ending: Ending
    seconds: float
    backed_off: int
    message: str
    statistics: Statistics | None


def fire(
    client: LokiClient,
    tenant: str,
    query: Query,
    span: tuple[int, int],
    step_s: int,
    mode: Mode,
    wait: Callable[[float], None] = time.sleep,
) -> Fired:
    """Run a query and measure the attempt that Loki answers. After 429, wait and retry: that time is not measured."""
    for backed_off in range(PATIENCE + 1):
        started = time.perf_counter()
        try:
            answer = run_query(client, tenant, query, *span, step_s, LIMIT, fresh=mode is Mode.COLD)
        except LokiRefusedError as refused:
            if refused.status != TOO_MANY:
                return Fired(Ending.FAILED, 0, backed_off, str(refused), None)
            message = str(refused)
            if backed_off < PATIENCE:
                pause = refused.retry_after or random.uniform(0.5, 1.0) * 2**backed_off
                wait(min(pause, LONGEST_WAIT_S))
        except LokiUnreachableError as error:
            return Fired(Ending.UNREACHED, 0, backed_off, str(error), None)
        except LokiError as error:
            return Fired(Ending.FAILED, 0, backed_off, str(error), None)
        else:
            return Fired(Ending.ANSWERED, time.perf_counter() - started, backed_off, "", answer.statistics)
    return Fired(Ending.THROTTLED, 0, PATIENCE, message, None)
