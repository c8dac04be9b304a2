"""Tests of the report about an upgrade to Loki 4."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from logops.doctor import check, migrate, read_texts
from logops.doctor.from_environment import from_environment
from logops.environment import find_environment, load_environment
from logops.findings import Finding
from logops.toolchain import project_root
from tests.unit.doctor.files import NOW, OLD_PERIOD, PERIOD, loki, overrides, values

GOOD = {"storage_config": {"use_thanos_objstore": True, "object_store": {"azure": {"account_name": "x"}}}}


def for_loki_4(*texts: str) -> list[Finding]:
    deployment = read_texts({f"file-{number}": text for number, text in enumerate(texts)})
    return check(replace(deployment, for_loki_4=True), NOW)


def breaking(*texts: str) -> list[tuple[str, str]]:
    """Return path and remedy of what breaks."""
    found = for_loki_4(*texts)
    return [(finding.subject.path, finding.remedy) for finding in found if finding.cls.name == "loki-4-incompatible"]


def rules(expr: str) -> str:
    return yaml.safe_dump({"groups": [{"name": "loki", "rules": [{"alert": "a", "expr": expr}]}]})


def test_configuration_that_loki_4_reads_has_no_finding() -> None:
    assert for_loki_4(loki(**GOOD)) == []


@pytest.mark.parametrize(
    ("changes", "path", "remedy"),
    [
        ({"table_manager": {"retention_deletes_enabled": False}}, "table_manager", "Remove it."),
        (
            {"schema_config__configs": [{**PERIOD, "row_shards": 16}]},
            "schema_config.configs[0].row_shards",
            "Remove it.",
        ),
        (
            {"schema_config__configs": [OLD_PERIOD, PERIOD], "limits_config__allow_structured_metadata": False},
            "schema_config.configs[0].store",
            "Upgrade when all logs of this period are deleted, and remove the period then.",
        ),
        ({"limits_config__ruler_remote_write_url": "http://x"}, "limits_config.ruler_remote_write_url", None),
        (
            {"limits_config__per_tenant_override_config": "/x.yaml"},
            "limits_config.per_tenant_override_config",
            "Write runtime_config.file instead.",
        ),
        ({"target": "read,querier"}, "target", "Change to the distributed mode before the upgrade."),
    ],
)
def test_key_that_loki_4_refuses_is_reported_once(changes: dict[str, Any], path: str, remedy: str | None) -> None:
    ((reported, advice),) = breaking(loki(**GOOD, **changes))

    assert reported == path
    assert remedy is None or advice == remedy
    assert "key-deprecated" not in {finding.cls.name for finding in for_loki_4(loki(**GOOD, **changes))}


def test_limit_in_overrides_that_loki_4_removes_is_reported() -> None:
    assert [path for path, _ in breaking(loki(**GOOD), overrides(unordered_writes=True))] == [
        "overrides.application.unordered_writes"
    ]


def test_storage_block_of_the_client_of_loki_3_is_reported() -> None:
    assert breaking(loki()) == [
        (
            "storage_config.azure",
            "Write storage_config.object_store.azure, or set use_thanos_objstore: false for now.",
        )
    ]
    assert breaking(loki(storage_config__use_thanos_objstore=False)) == []


def test_helm_values_are_judged_in_the_chart_s_keys() -> None:
    scalable = {"deploymentMode": "SimpleScalable", "loki__storage__use_thanos_objstore": True}

    assert breaking(values(**scalable)) == [("deploymentMode", "Change to the distributed mode before the upgrade.")]
    assert [path for path, _ in breaking(values())] == ["loki.storage.azure"]


@pytest.mark.parametrize(
    ("expr", "remedy"),
    [
        (
            "loki_boltdb_shipper_compactor_running > 0",
            "Until all clusters run Loki 4, write both names, joined by `or`.",
        ),
        ("rate(loki_log_messages_total[5m])", "Write loki_internal_log_messages_total instead."),
        ("loki_log_flushes_bucket", "Write loki_internal_log_flushes instead."),
        ("loki_ruler_wal_corruptions_repair_failed_total", "Remove the expression."),
        ("sum by (truncated) (loki_mutated_samples_total)", "Write the label tenant instead."),
        ('variants(rate({a="b"}[1m])) of ({a="b"}[1m])', "Write one query for each variant."),
    ],
)
def test_expression_that_breaks_is_reported_with_its_place(expr: str, remedy: str) -> None:
    assert breaking(rules(expr)) == [("groups[0].rules[0].expr", remedy)]


@pytest.mark.parametrize(
    "expr",
    [
        "loki_boltdb_shipper_compactor_running or loki_tsdb_shipper_compactor_running",
        "loki_internal_log_messages_total",
        "sum by (tenant) (loki_mutated_samples_total)",
        "loki_build_info",
    ],
)
def test_expression_that_works_with_both_versions_has_no_finding(expr: str) -> None:
    assert for_loki_4(rules(expr)) == []


def test_expressions_of_dashboards_and_prometheus_rules_are_read() -> None:
    panel = {"targets": [{"expr": "loki_log_messages_total"}]}
    dashboard = json.dumps({"title": "Loki", "panels": [{"panels": [panel]}]})
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "spec": yaml.safe_load(rules("loki_log_messages_total")),
    }
    config_map = {"kind": "ConfigMap", "data": {"loki.json": dashboard}}

    assert [path for path, _ in breaking(dashboard)] == ["panels[0].panels[0].targets[0].expr"]
    assert [path for path, _ in breaking(yaml.safe_dump(rule))] == ["spec.groups[0].rules[0].expr"]
    assert [path for path, _ in breaking(yaml.safe_dump(config_map))] == [
        "data.loki.json.panels[0].panels[0].targets[0].expr"
    ]


def test_rules_without_the_option_are_reported_as_not_judged() -> None:
    (finding,) = check(read_texts({"rules.yaml": rules("up")}), NOW)

    assert (finding.cls.name, finding.message) == (
        "check-incomplete",
        "rules and dashboards are judged with --loki 4 only",
    )


def test_upgrade_to_loki_4_is_not_reported_without_the_option() -> None:
    assert check(read_texts({"loki.yaml": loki(table_manager={})}), NOW) == []


@pytest.mark.parametrize("name", ["local", "production"])
def test_environment_is_ready_for_loki_4(name: str) -> None:
    environment = load_environment(find_environment(name, project_root()))

    assert [f for f in check(from_environment(environment), NOW) if f.cls.name == "loki-4-incompatible"] == []


def test_rules_of_logops_work_with_loki_4() -> None:
    texts = {
        str(file): file.read_text()
        for folder in ("include/prometheus/rules", "include/logql/rules")
        for file in (project_root() / folder).glob("*.yaml")
    }
    deployment = read_texts(texts)

    assert len(deployment.expressions) > 20
    assert check(replace(deployment, for_loki_4=True), NOW) == []


def test_migration_to_loki_3_keeps_what_only_loki_4_refuses() -> None:
    assert "unordered_writes: true" in migrate(loki(limits_config__unordered_writes=True), "x", NOW)
