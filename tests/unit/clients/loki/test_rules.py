"""The ruler's calls."""

import pytest

from logops.clients.loki import LokiClient, LokiRefusedError
from logops.clients.prometheus import PrometheusError, recorded
from tests.unit.clients.loki.scripted import Script

EVALUATED = """{"status": "success", "data": {"groups": [{"name": "g", "file": "ns", "rules": [
  {"name": "a:b:c", "query": "vector(1)", "health": "ok", "lastError": "", "lastEvaluation": "2026-11-24T22:06:31Z"},
  {"name": "New", "query": "vector(1)", "health": "unknown", "lastEvaluation": "0001-01-01T00:00:00Z"}
]}]}}"""


def client() -> LokiClient:
    return LokiClient("http://loki:3100", retry_for=0)


def test_a_tenant_without_rules_has_none(script: Script) -> None:
    script.say(404, "no rule groups found", kind="text/plain")
    assert client().rule_groups("a") == {}


def test_a_process_that_keeps_no_rules_is_told_from_a_tenant_that_has_none(script: Script) -> None:
    script.say(404, "404 page not found", kind="text/plain")
    with pytest.raises(LokiRefusedError, match="Does this process serve that path"):
        client().rule_groups("a")


def test_a_rule_that_loki_refuses_is_told_in_its_words(script: Script) -> None:
    script.say(400, "could not parse expression for alert 'a'", kind="text/plain")
    with pytest.raises(LokiRefusedError, match=r"storing the rule group g .* could not parse expression for alert 'a'"):
        client().set_rule_group("a", "ns", {"name": "g", "rules": []})


def test_names_are_one_part_of_the_path(script: Script) -> None:
    script.say(202)
    client().delete_rule_group("a", "x/y", "../g")
    assert script.asked[0].path_url == "/loki/api/v1/rules/x%2Fy/..%2Fg"


def test_a_rule_that_was_never_evaluated_is_told_from_one_that_was(script: Script) -> None:
    script.say(body=EVALUATED)
    (group,) = client().evaluated_rules("a")
    assert (group.namespace, group.name) == ("ns", "g")
    assert [(rule.name, rule.health, rule.evaluated_at.year) for rule in group.rules] == [
        ("a:b:c", "ok", 2026),
        ("New", "unknown", 1),
    ]


def test_what_prometheus_refuses_is_told_in_its_words(script: Script) -> None:
    script.say(400, '{"status": "error", "error": "parse error"}')
    with pytest.raises(PrometheusError, match=r"running up\( at http://p: Prometheus answered 400: .*parse error"):
        recorded("http://p", "up(")


def test_what_was_recorded_is_read_as_values(script: Script) -> None:
    result = '[{"metric": {"a": "b"}, "value": [1, "2"]}]'
    script.say(body=f'{{"status": "success", "data": {{"resultType": "vector", "result": {result}}}}}')
    (sample,) = recorded("http://p", "x")
    assert (sample.labels, sample.value) == ({"a": "b"}, 2.0)
