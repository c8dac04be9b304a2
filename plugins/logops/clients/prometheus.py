"""Query the Prometheus that stores the recorded series."""

import json

from logops.clients.http.request import Failure, Outcome, Request, params
from logops.clients.http.transport import Transport
from logops.clients.loki.answers import UnexpectedAnswerError, vector
from logops.clients.loki.model import Point
from logops.errors import LogopsError

_READ_TIMEOUT_S = 30.0


class PrometheusError(LogopsError):
    """Prometheus did not answer, or refused the query."""


def recorded(url: str, promql: str) -> list[Point]:
    """Run an instant query. Raises PrometheusError."""
    transport = Transport(url, connect_timeout_s=_READ_TIMEOUT_S, read_timeout_s=_READ_TIMEOUT_S, use_proxies=False)
    try:
        return decode_samples(transport.send(instant_query(promql)))
    finally:
        transport.close()


def instant_query(promql: str) -> Request:
    """Return the request for an instant query."""
    return Request(f"running {promql}", "/api/v1/query", params=params({"query": promql}))


def decode_samples(outcome: Outcome) -> list[Point]:
    """Return the values of an instant query. Raises PrometheusError."""
    doing = f"{outcome.request.doing} at {outcome.base_url}"
    if isinstance(outcome, Failure):
        raise PrometheusError(f"{doing}: no answer ({outcome.detail}). Does Prometheus run there?")
    if not outcome.is_success:
        raise PrometheusError(f"{doing}: Prometheus answered {outcome.status}: {outcome.first_words[:300]}")
    try:
        return vector(json.loads(outcome.body))
    except (UnexpectedAnswerError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PrometheusError(f"{doing}: not what Prometheus answers: {error}") from error
