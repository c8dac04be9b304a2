"""Rules as the ruler keeps them."""

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


def test_each_file_is_a_namespace_of_its_tenant() -> None:
    assert list(rendered(LOCAL)["rules"]) == [
        "rules/main/application/application.yaml",
        "rules/main/application/sign-in.yaml",
        "rules/main/platform/system.yaml",
        "rules/security/security-team/security.yaml",
    ]


def test_an_environment_without_the_tenant_has_none_of_its_rules() -> None:
    wanted = environment("local", ("clusters.main.tenants.platform", None), ("sources.syslog.tenant", "application"))
    assert "rules/main/platform/system.yaml" not in rendered(wanted)["rules"]


def test_what_is_recorded_and_what_fires_says_whose_it_is() -> None:
    recording, alert = groups(file_text("local", SIGN_IN))[0]["rules"]
    assert recording["labels"] == {"cluster": "main", "tenant": "application"}
    assert alert["labels"] == {**recording["labels"], "owner": "security", "severity": "warning"}


def test_tests_stay_here() -> None:
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
def test_two_spellings_of_one_group_are_one_text(ours: dict[str, Any], lokis: dict[str, Any]) -> None:
    assert namespace_text("e", [{"name": "g", **ours}]) == namespace_text("e", [{**lokis, "name": "g"}])


@pytest.mark.parametrize(
    "changed", [{"interval": "2m"}, {"limit": 3}, {"rules": [{"alert": "A", "for": "1d", "labels": {"a": "1"}}]}]
)
def test_what_is_another_rule_is_another_text(changed: dict[str, Any]) -> None:
    group = {"name": "g", "rules": [{"alert": "A", "for": "1d"}]}
    assert namespace_text("e", [{**group, **changed}]) != namespace_text("e", [group])


def test_groups_stand_by_name_whatever_order_they_come_in() -> None:
    one, two = {"name": "a"}, {"name": "b"}
    assert namespace_text("e", [one, two]) == namespace_text("e", [two, one])


def test_a_group_without_an_interval_takes_the_cluster_s(tmp_path: Path) -> None:
    folder = tmp_path / "include/logql/rules"
    folder.mkdir(parents=True)
    text = "cluster: main\ntenant: application\nowner: o\ndescription: d\ngroups:\n"
    rule = "    rules: [{record: 'a:b:c', expr: 'sum(rate({a=\"b\"} [5m]))'}]\n"
    (folder / "one.yaml").write_text(f"{text}  - name: g\n    interval: 5m\n{rule}")
    assert groups(file_text("local", load_rules(tmp_path)["one"]))[0]["interval"] == "5m"
    assert "interval" not in groups(file_text("local", SIGN_IN))[0]


def test_what_is_recorded_here_goes_to_the_prometheus_that_runs_here() -> None:
    ruler = yaml.safe_load(rendered(LOCAL)["loki"]["loki/main.yaml"])["ruler"]
    (port,) = programs(LOCAL)["prometheus"].ports
    assert ruler["remote_write"]["clients"]["prometheus"]["url"] == f"http://127.0.0.1:{port}/api/v1/write"


def test_none_runs_here_where_every_cluster_names_one() -> None:
    other = "http://prometheus.example:9090"
    named = [(f"clusters.{name}.ruler.prometheus_url", other) for name in LOCAL.clusters]
    assert "prometheus" in programs(environment("local", named[0]))
    wanted = environment("local", *named)
    assert "prometheus" not in programs(wanted)
    assert f"{other}/api/v1/write" in rendered(wanted)["loki"]["loki/security.yaml"]
