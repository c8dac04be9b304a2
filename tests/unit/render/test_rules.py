"""Tests of rendered rules, in the form in which the ruler stores them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from logops.render.rules import file_text, namespace_text
from logops.rules.read import load_rules
from tests.support.environments import RULES, environment, programs, rendered

LOCAL = environment("local")
SIGN_IN = RULES["sign-in"]


def groups(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(text)["groups"])


def test_rule_file_is_a_namespace_of_its_tenant() -> None:
    assert list(rendered(LOCAL)["rules"]) == [
        "rules/main/application/application.yaml",
        "rules/main/application/sign-in.yaml",
        "rules/main/platform/system.yaml",
        "rules/security/security-team/security.yaml",
    ]


def test_rules_of_tenant_outside_the_environment_are_not_rendered() -> None:
    declared = environment("local", ("clusters.main.tenants.platform", None), ("sources.syslog.tenant", "application"))
    assert "rules/main/platform/system.yaml" not in rendered(declared)["rules"]


def test_rules_have_cluster_and_tenant_labels() -> None:
    recording, alert = groups(file_text("local", SIGN_IN))[0]["rules"]
    assert recording["labels"] == {"cluster": "main", "tenant": "application"}
    assert alert["labels"] == {**recording["labels"], "owner": "security", "severity": "warning"}


def test_rule_tests_are_not_rendered() -> None:
    assert "tests" not in file_text("local", SIGN_IN)


@pytest.mark.parametrize(
    ("ours", "lokis"),
    [
        ({"interval": "90s"}, {"interval": "1m30s"}),
        ({}, {"interval": "0s"}),
        ({"rules": [{"alert": "A", "for": "24h"}]}, {"rules": [{"for": "1d", "alert": "A"}]}),
        ({"rules": [{"labels": {"b": "1", "a": "2"}}]}, {"rules": [{"labels": {"a": "2", "b": "1"}}]}),
        ({"rules": [{"alert": "A"}]}, {"rules": [{"alert": "A", "labels": {}}], "limit": 0}),
    ],
)
def test_equivalent_groups_give_the_same_text(ours: dict[str, Any], lokis: dict[str, Any]) -> None:
    assert namespace_text("e", [{"name": "g", **ours}]) == namespace_text("e", [{**lokis, "name": "g"}])


@pytest.mark.parametrize(
    "changed", [{"interval": "2m"}, {"limit": 3}, {"rules": [{"alert": "A", "for": "1d", "labels": {"a": "1"}}]}]
)
def test_different_rules_give_different_texts(changed: dict[str, Any]) -> None:
    group = {"name": "g", "rules": [{"alert": "A", "for": "1d"}]}
    assert namespace_text("e", [{**group, **changed}]) != namespace_text("e", [group])


@pytest.mark.parametrize("names", [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")])
def test_groups_are_sorted_by_name(names: tuple[str, ...]) -> None:
    text = namespace_text("e", [{"name": name} for name in names])
    assert [group["name"] for group in groups(text)] == ["a", "b", "c"]


def test_group_without_interval_has_no_rendered_interval(tmp_path: Path) -> None:
    folder = tmp_path / "include/logql/rules"
    folder.mkdir(parents=True)
    text = "cluster: main\ntenant: application\nowner: o\ndescription: d\ngroups:\n"
    rule = "    rules: [{record: 'a:b:c', expr: 'sum(rate({a=\"b\"} [5m]))'}]\n"
    (folder / "one.yaml").write_text(f"{text}  - name: g\n    interval: 5m\n{rule}")
    assert groups(file_text("local", load_rules(tmp_path)["one"]))[0]["interval"] == "5m"
    assert "interval" not in groups(file_text("local", SIGN_IN))[0]


def test_local_ruler_writes_to_the_local_prometheus() -> None:
    ruler = yaml.safe_load(rendered(LOCAL)["loki"]["loki/main.yaml"])["ruler"]
    (port,) = programs(LOCAL)["prometheus"].ports
    assert ruler["remote_write"]["clients"]["prometheus"]["url"] == f"http://127.0.0.1:{port}/api/v1/write"


def test_local_prometheus_does_not_run_if_every_cluster_of_its_audience_has_prometheus_url() -> None:
    prometheus_url = "http://prometheus.example:9090"
    named = [(f"clusters.{name}.ruler.prometheus_url", prometheus_url) for name in LOCAL.clusters]
    assert {"prometheus", "prometheus-security"} & programs(environment("local", named[0])).keys() == {
        "prometheus-security"
    }
    declared = environment("local", *named)
    assert "prometheus" not in programs(declared)
    assert f"{prometheus_url}/api/v1/write" in rendered(declared)["loki"]["loki/security.yaml"]
