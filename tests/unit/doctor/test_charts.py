"""Tests of recognising the chart of Helm values, and of judging values of several charts."""

from typing import Any

import pytest
import yaml

from logops.doctor import DocumentError, check, migrate, read_texts
from logops.doctor.charts import Chart, recognise
from tests.unit.doctor.files import NOW, PERIOD, VALUES, finding_paths, findings, values

TEMPLATE = """\
auth_enabled: true
{{- if .Values.x }}
memberlist:
  join_members: [{{ include "loki.fullname" . }}-memberlist]
{{- end }}
storage_config:
  boltdb_shipper: {shared_store: azure}
"""


@pytest.mark.parametrize(
    ("chart", "keys"),
    [
        (Chart.LOKI, VALUES),
        (Chart.LOKI, {"loki": {"schemaConfig": {}}, "singleBinary": {"replicas": 1}}),
        (Chart.LOKI, {"loki": {"limits_config": {}}, "compactor": {"enabled": True}}),
        (Chart.LOKI_6, {"deploymentMode": "SingleBinary", "loki": {}}),
        (Chart.LOKI_6, {"loki": {}, "enterprise": {"enabled": False}}),
        (Chart.LOKI_6, {"loki": {}, "write": {"replicas": 3}, "chunksCache": {"enabled": False}}),
        (Chart.LOKI_5, {"loki": {}, "write": {"replicas": 3}, "backend": {"replicas": 3}}),
        (Chart.LOKI_5, {"loki": {}, "monitoring": {"lokiCanary": {"enabled": False}}}),
        (Chart.SIMPLE_SCALABLE, {"loki": {}, "write": {"replicas": 3}, "read": {"replicas": 3}}),
        (Chart.DISTRIBUTED, {"loki": {"config": ""}, "compactor": {"enabled": True}}),
        (Chart.DISTRIBUTED, {"loki": {"storageConfig": {}}}),
        (Chart.DISTRIBUTED, {"loki": {}, "memcachedChunks": {"enabled": True}}),
        (Chart.STACK, {"loki": {"isDefault": True}}),
        (Chart.STACK, {"loki": {}, "promtail": {"enabled": True}}),
    ],
)
def test_chart_is_recognised_by_keys_that_only_it_has(chart: Chart, keys: dict[str, Any]) -> None:
    assert recognise(keys) is chart


def test_helm_finding_names_the_chart_and_its_version() -> None:
    (finding,) = findings(values(loki__service_name="loki"))

    assert finding.message == "the chart grafana-community/loki 18.11.0 does not read loki.service_name"


@pytest.mark.parametrize("chart", [chart for chart in Chart if not chart.is_current])
def test_values_of_another_chart_have_no_finding_about_keys_of_the_current_chart(chart: Chart) -> None:
    text = yaml.safe_dump({"loki": {"service": {}, "persistence": {}, "config": {"auth_enabled": True}}})

    assert check(read_texts({"values.yaml": text}, chart=chart), NOW) == []


def test_chart_that_the_user_names_overrides_the_keys() -> None:
    text = values(loki__limitsConfig={})
    deployment = read_texts({"values.yaml": text}, chart=Chart.DISTRIBUTED)

    assert [cluster.chart for cluster in deployment.clusters] == [Chart.DISTRIBUTED]
    assert "helm-key-ignored" not in {finding.cls.name for finding in check(deployment, NOW)}


def test_agent_in_values_of_loki_stack_is_judged() -> None:
    text = yaml.safe_dump({"loki": {"enabled": True}, "promtail": {"config": {"lokiAddress": "http://loki:3100"}}})

    assert ("helm-key-ignored", "promtail.config.lokiAddress") in finding_paths(text)


def test_values_below_the_name_of_a_dependency_are_judged() -> None:
    text = yaml.safe_dump({"loki": {**VALUES, "loki": {**VALUES["loki"], "limitsConfig": {}}}})

    assert ("helm-key-ignored", "loki.loki.limitsConfig") in finding_paths(text)


def test_configuration_around_a_template_is_judged_and_the_template_is_named() -> None:
    text = yaml.safe_dump({"loki": {"config": TEMPLATE}, "compactor": {"enabled": True}})
    incomplete, removed = sorted(check(read_texts({"x": text}), NOW), key=lambda finding: finding.cls.name)

    assert incomplete.message == (
        "loki.config was checked in part: only Helm can evaluate `{{- if .Values.x }}`,"
        ' `{{ include "loki.fullname" . }}` and 1 other template'
    )
    assert removed.cls.name == "key-removed"


def test_finding_beside_a_template_has_its_line() -> None:
    text = "loki:\n  config: |\n" + "".join(f"    {line}\n" for line in TEMPLATE.splitlines())
    (finding,) = [found for found in check(read_texts({"x": text}), NOW) if found.cls.name == "key-removed"]

    assert "shared_store" in text.splitlines()[int(finding.evidence["line"]) - 1]


def test_migration_of_a_template_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"loki\.config has templates, which only Helm can evaluate"):
        migrate(yaml.safe_dump({"loki": {"config": TEMPLATE}}), "values.yaml", NOW)


def test_migration_names_the_chart() -> None:
    old = yaml.safe_dump({"loki": {"isDefault": True, "config": {"auth_enabled": False}}})

    assert "# - these are values of the chart grafana-community/loki 18.11.0\n" in migrate(values(), "x", NOW)
    assert "chart grafana/loki-stack 2.10.3, which installs Loki 2. Only Loki's" in migrate(old, "x", NOW)


@pytest.mark.parametrize(
    ("changes", "path", "instead"),
    [
        ({"loki__storage__schemaConfig": {}}, "loki.storage.schemaConfig", "loki.schemaConfig"),
        ({"loki__storage__azure__acountName": "x"}, "loki.storage.azure.acountName", "loki.storage.azure.accountName"),
        ({"loki__storage__bucketnames": {}}, "loki.storage.bucketnames", "loki.storage.bucketNames"),
        ({"compactor__retention_enabled": True}, "compactor.retention_enabled", "loki.compactor.retention_enabled"),
        ({"queryFrontend__max_outstanding_per_tenant": 9}, "queryFrontend.max_outstanding_per_tenant", "loki.frontend"),
        ({"limits_config": {}}, "limits_config", "loki.limits_config"),
        ({"schemaConfig": {}}, "schemaConfig", "loki.schemaConfig"),
        ({"schema_config": {}}, "schema_config", "loki.schemaConfig"),
    ],
)
def test_key_in_a_wrong_place_is_reported_with_its_place(changes: dict[str, Any], path: str, instead: str) -> None:
    (finding,) = [found for found in findings(values(**changes)) if found.subject.path == path]

    assert finding.cls.name == "helm-key-ignored"
    assert finding.remedy.startswith(f"Write {instead}")


def test_container_name_beside_bucket_names_is_to_be_removed() -> None:
    (finding,) = findings(values(loki__storage__azure__containerName="loki-chunks"))

    assert finding.remedy == "Remove it."


def test_effects_of_a_key_in_a_wrong_place_are_no_findings_of_their_own() -> None:
    text = values(
        loki__schemaConfig=None,
        loki__storage__schemaConfig={"configs": [PERIOD]},
        loki__compactor__retention_enabled=None,
        compactor__retention_enabled=True,
    )

    assert finding_paths(text) == {
        ("helm-key-ignored", "loki.storage.schemaConfig"),
        ("helm-key-ignored", "compactor.retention_enabled"),
    }
    assert finding_paths(migrate(text, "x", NOW)) == set()
