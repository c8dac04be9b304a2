"""Tests of the calls to the ruler API."""

import pytest

from logops.clients.loki import LokiClient, LokiRefusedError
from logops.clients.prometheus import PrometheusError, recorded
from tests.unit.clients.scripted import Script

EVALUATED = """{"status": "success", "data": {"groups": [{"name": "g", "file": "ns", "rules": [
  {"name": "a:b:c", "query": "vector(1)", "health": "ok", "lastError": "", "lastEvaluation": "2026-11-24T22:06:31Z"},
  {"name": "New", "query": "vector(1)", "health": "unknown", "lastEvaluation": "0001-01-01T00:00:00Z"}
]}]}}"""


def client() -> LokiClient:
    return LokiClient("http://loki:3100", retry_for=0)


def test_tenant_without_rules_has_no_rule_groups(script: Script) -> None:
    script.say(404, "no rule groups found", kind="text/plain")
    assert client().rule_groups("a") == {}


def test_process_without_rules_api_raises(script: Script) -> None:
    script.say(404, "404 page not found", kind="text/plain")
    with pytest.raises(LokiRefusedError, match="Does this process serve that path"):
        client().rule_groups("a")


def test_refused_rule_raises_with_loki_message(script: Script) -> None:
    script.say(400, "could not parse expression for alert 'a'", kind="text/plain")
    with pytest.raises(LokiRefusedError, match=r"storing the rule group g .* could not parse expression for alert 'a'"):
        client().set_rule_group("a", "ns", {"name": "g", "rules": []})


def test_slash_in_rule_group_name_is_escaped_in_path(script: Script) -> None:
    script.say(202)
    client().delete_rule_group("a", "x/y", "../g")
    assert script.asked[0].path_url == "/loki/api/v1/rules/x%2Fy/..%2Fg"


def test_rule_before_first_evaluation_has_unknown_health(script: Script) -> None:
    script.say(body=EVALUATED)
    (group,) = client().evaluated_rules("a")
    assert (group.namespace, group.name) == ("ns", "g")
    assert [(rule.name, rule.health, rule.evaluated_at.year) for rule in group.rules] == [
        ("a:b:c", "ok", 2026),
        ("New", "unknown", 1),
    ]


def test_refused_prometheus_query_raises_with_its_message(script: Script) -> None:
    script.say(400, '{"status": "error", "error": "parse error"}')
    with pytest.raises(PrometheusError, match=r"running up\( at http://p: Prometheus answered 400: .*parse error"):
        recorded("http://p", "up(")


def test_recorded_sample_has_labels_and_value(script: Script) -> None:
    result = '[{"metric": {"a": "b"}, "value": [1, "2"]}]'
    script.say(body=f'{{"status": "success", "data": {{"resultType": "vector", "result": {result}}}}}')
    (sample,) = recorded("http://p", "x")
    assert (sample.labels, sample.value) == ({"a": "b"}, 2.0)
