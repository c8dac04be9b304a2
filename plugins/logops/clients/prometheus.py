"""Query Prometheus: recorded series, the rules that it has loaded, the processes that it scrapes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from logops.clients.http.request import Failure, Outcome, Request, params
from logops.clients.http.transport import Transport
from logops.clients.loki.answers import UnexpectedAnswerError, vector
from logops.clients.loki.model import Point
from logops.errors import LogopsError

_READ_TIMEOUT_S = 30.0
Answer = TypeVar("Answer")


class PrometheusError(LogopsError):
    """Prometheus did not answer, or refused the query."""


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule that Prometheus has loaded."""

    group: str
    name: str
    """Name of the alert, or of the recorded series."""
    expr: str
    """As Prometheus writes it, in its own layout."""
    health: str
    """ok, err, or unknown if it was not evaluated yet."""
    error: str
    """Why its last evaluation failed; empty: it did not."""
    for_s: float = 0
    """How long an alert waits before it fires, in seconds."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScrapedTarget:
    """A process that Prometheus scrapes."""

    instance: str
    health: str
    """up, down, or unknown if it was not scraped yet."""
    error: str


def recorded(url: str, promql: str) -> list[Point]:
    """Run an instant query. Raises PrometheusError."""
    return decode_samples(_send(url, instant_query(promql)))


def loaded_rules(url: str) -> list[LoadedRule]:
    """Return the rules that a Prometheus has loaded, in their order. Raises PrometheusError."""
    return decode_rules(_send(url, Request("reading the rules", "/api/v1/rules")))


def formatted(url: str, promql: str) -> str:
    """Return an expression as Prometheus writes it. Raises PrometheusError, also if Prometheus refuses it."""
    request = Request(f"formatting {promql}", "/api/v1/format_query", params=params({"query": promql}))
    return _decode(_send(url, request), lambda body: str(body["data"]))


def scraped_targets(url: str) -> list[ScrapedTarget]:
    """Return the processes that a Prometheus scrapes. Raises PrometheusError."""
    request = Request("reading the targets", "/api/v1/targets", params=params({"state": "active"}))
    return decode_targets(_send(url, request))


def alertmanagers_of(url: str) -> list[str]:
    """Return the addresses to which a Prometheus sends its alerts. Raises PrometheusError."""
    return decode_alertmanagers(_send(url, Request("reading the Alertmanagers", "/api/v1/alertmanagers")))


def instant_query(promql: str) -> Request:
    """Return the request for an instant query."""
    return Request(f"running {promql}", "/api/v1/query", params=params({"query": promql}))


def decode_samples(outcome: Outcome) -> list[Point]:
    """Return the values of an instant query. Raises PrometheusError."""
    return _decode(outcome, vector)


def decode_rules(outcome: Outcome) -> list[LoadedRule]:
    """Return the rules of an answer. Raises PrometheusError."""
    return _decode(
        outcome,
        lambda body: [
            LoadedRule(
                group["name"],
                rule["name"],
                rule["query"],
                rule["health"],
                rule.get("lastError", ""),
                rule.get("duration", 0),
                rule.get("labels", {}),
                rule.get("annotations", {}),
            )
            for group in body["data"]["groups"]
            for rule in group["rules"]
        ],
    )


def decode_targets(outcome: Outcome) -> list[ScrapedTarget]:
    """Return the targets of an answer. Raises PrometheusError."""
    return _decode(
        outcome,
        lambda body: [
            ScrapedTarget(target["labels"]["instance"], target["health"], target.get("lastError", ""))
            for target in body["data"]["activeTargets"]
        ],
    )


def decode_alertmanagers(outcome: Outcome) -> list[str]:
    """Return the Alertmanagers of an answer. Raises PrometheusError."""
    return _decode(outcome, lambda body: [entry["url"] for entry in body["data"]["activeAlertmanagers"]])


def _send(url: str, request: Request) -> Outcome:
    transport = Transport(url, connect_timeout_s=_READ_TIMEOUT_S, read_timeout_s=_READ_TIMEOUT_S, use_proxies=False)
    try:
        return transport.send(request)
    finally:
        transport.close()


def _decode(outcome: Outcome, read: Callable[[Any], Answer]) -> Answer:
    doing = f"{outcome.request.doing} at {outcome.base_url}"
    if isinstance(outcome, Failure):
        raise PrometheusError(f"{doing}: no answer ({outcome.detail}). Does Prometheus run there?")
    if not outcome.is_success:
        raise PrometheusError(f"{doing}: Prometheus answered {outcome.status}: {outcome.first_words[:300]}")
    try:
        return read(json.loads(outcome.body))
    except (UnexpectedAnswerError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PrometheusError(f"{doing}: not what Prometheus answers: {error}") from error
