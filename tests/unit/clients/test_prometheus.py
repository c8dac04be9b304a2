"""Tests of what Prometheus answers about rules, targets and Alertmanagers."""

import json

import pytest

from logops.clients.http.request import Request, Response
from logops.clients.prometheus import (
    LoadedRule,
    PrometheusError,
    ScrapedTarget,
    decode_alertmanagers,
    decode_rules,
    decode_targets,
)


def answer(data: object) -> Response:
    body = json.dumps({"status": "success", "data": data}).encode()
    return Response(Request("reading the rules", "/api/v1/rules"), "http://prometheus:9090", 200, (), body, 0.0)


def test_loaded_rules_have_group_name_expression_and_error() -> None:
    failed = {"name": "check-overdue", "query": "a > 1", "health": "err", "lastError": "many-to-many"}
    failed |= {"duration": 120, "labels": {"team": "a"}, "annotations": {"summary": "b"}}
    well = {"name": "loki:runs:count", "query": "sum(a)", "health": "ok"}
    groups = [{"name": "logops", "rules": [failed]}, {"name": "loki", "rules": [well]}]

    assert decode_rules(answer({"groups": groups})) == [
        LoadedRule("logops", "check-overdue", "a > 1", "err", "many-to-many", 120, {"team": "a"}, {"summary": "b"}),
        LoadedRule("loki", "loki:runs:count", "sum(a)", "ok", ""),
    ]


def test_targets_have_instance_and_error() -> None:
    target = {"labels": {"instance": "main-querier-0"}, "health": "down", "lastError": "connection refused"}

    assert decode_targets(answer({"activeTargets": [target]})) == [
        ScrapedTarget("main-querier-0", "down", "connection refused")
    ]


def test_alertmanagers_are_addresses() -> None:
    assert decode_alertmanagers(answer({"activeAlertmanagers": [{"url": "http://a:9093/api/v2/alerts"}]})) == [
        "http://a:9093/api/v2/alerts"
    ]


def test_answer_that_is_not_from_prometheus_raises_with_address() -> None:
    with pytest.raises(PrometheusError, match="reading the rules at http://prometheus:9090: not what Prometheus"):
        decode_rules(answer(["hello"]))
