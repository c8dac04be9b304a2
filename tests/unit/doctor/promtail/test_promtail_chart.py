"""Tests of reading Promtail's configuration in Helm values and in manifests."""

import base64
from typing import Any

import pytest
import yaml

from logops.doctor.promtail.migrate import Migration
from logops.doctor.promtail.value import NoteKind
from logops.doctor.reading.safe_yaml import DocumentError
from tests.unit.doctor.promtail.migrating import FILES, changed, lost, migrate_config, migrate_text, notes, todo

CONFIG = yaml.safe_dump(
    {"clients": [{"url": "http://loki/loki/api/v1/push"}], "scrape_configs": [{"job_name": "app", **FILES}]}
)


def migrate_values(**config: Any) -> Migration:
    return migrate_config({"config": {"clients": [{"url": "http://loki/loki/api/v1/push"}], **config}})


def test_values_without_snippets_are_the_job_of_the_chart() -> None:
    migrated = migrate_values()

    assert migrated.sources["kubernetes-pods"] == {
        "kind": "pods",
        "pod_labels": {
            "app": "app.kubernetes.io/name",
            "instance": "app.kubernetes.io/instance",
            "component": "app.kubernetes.io/component",
        },
        "cluster": "main",
        "tenant": "application",
        "labels": {"job": "kubernetes-pods"},
    }
    assert all(path.startswith("(default of the chart)") for path in lost(migrated))


def test_snippets_change_the_job_of_the_chart() -> None:
    migrated = migrate_values(
        snippets={
            "pipelineStages": [{"cri": {}}, {"json": {"expressions": {"level": None}}}, {"labels": {"level": None}}],
            "extraRelabelConfigs": [{"target_label": "cluster", "replacement": "prod"}],
        }
    )

    assert migrated.sources["kubernetes-pods"]["parse"] == {"format": "json", "labels": ["level"]}
    assert migrated.sources["kubernetes-pods"]["labels"] == {"cluster": "prod"}


def test_extra_jobs_are_read_from_their_text_and_noted_in_it() -> None:
    text = (
        "config:\n  snippets:\n    extraScrapeConfigs: |\n      - job_name: journal\n        journal:\n"
        "          path: /var/log/journal\n          matches: PRIORITY=6\n"
    )
    migrated = migrate_text(text)

    assert set(migrated.sources) == {"kubernetes-pods", "journal"}
    (note,) = [note for note in migrated.notes if "matches" in note.location.path]
    assert (note.location.path, note.line) == (
        "config.snippets.extraScrapeConfigs[0].journal.matches",
        7,
    )


def test_key_in_a_text_that_cannot_be_carried_over_is_named() -> None:
    migrated = migrate_values(
        snippets={"extraScrapeConfigs": yaml.safe_dump([{"job_name": "a", **FILES, "encoding": "utf-16"}])}
    )

    assert (
        lost(migrated)["config.snippets.extraScrapeConfigs[0].encoding"]
        == "an environment has no such key, or not with this value"
    )


def test_template_in_a_text_is_noted_with_its_line_and_the_rest_is_read() -> None:
    migrated = migrate_text(
        "config:\n  snippets:\n    extraScrapeConfigs: |\n      {{- if .Values.journal }}\n      - job_name: journal\n"
        "        journal:\n          labels:\n            cluster: {{ .Values.cluster }}\n            job: journal\n"
        "      {{- end }}\n"
    )

    assert migrated.sources["journal"]["labels"] == {"job": "journal"}
    assert [
        (note.line, note.text) for note in migrated.notes if note.location.path == "config.snippets.extraScrapeConfigs"
    ] == [
        (4, "only Helm can evaluate this template: {{- if .Values.journal }}"),
        (8, "only Helm can evaluate this template: {{ .Values.cluster }}"),
    ]


def test_jobs_in_the_layout_of_the_chart_use_its_snippets() -> None:
    migrated = migrate_values(
        snippets={
            "pipelineStages": [{"cri": {}}, {"drop": {"longer_than": "1kb"}}],
            "common": [{"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"}],
            "scrapeConfigs": "- job_name: kubernetes-pods\n  pipeline_stages:\n"
            "    {{- toYaml .Values.config.snippets.pipelineStages | nindent 4 }}\n"
            "  kubernetes_sd_configs:\n    - role: pod\n  relabel_configs:\n"
            "    - {target_label: cluster, replacement: prod}\n"
            "    {{- if .Values.config.snippets.common }}\n"
            "    {{- toYaml .Values.config.snippets.common | nindent 4 }}\n    {{- end }}\n",
        }
    )

    assert migrated.sources["kubernetes-pods"]["parse"] == {"drop": [{"name": "drop-1", "longer_than": "1KiB"}]}
    assert migrated.sources["kubernetes-pods"]["labels"] == {"cluster": "prod"}
    assert lost(migrated) == {}


def test_file_of_the_values_is_read() -> None:
    migrated = migrate_values(file=CONFIG)

    assert list(migrated.sources) == ["app"]


def test_jobs_that_no_chart_reads_are_carried_over_openly() -> None:
    migrated = migrate_values(scrapeConfigs=[{"job_name": "app", **FILES}])

    assert "app" in migrated.sources
    assert changed(migrated)["config.scrapeConfigs"].startswith("no version of the chart reads this key")


def test_values_about_kubernetes_are_named_together() -> None:
    migrated = migrate_config({"config": {"clients": []}, "resources": {"limits": {"cpu": 1}}, "tolerations": [{}]})

    assert todo(migrated)[""] == (
        "deploy the agent with its own chart, and set there as needed: resources, tolerations. logops does not deploy "
        "agents on Kubernetes yet"
    )


@pytest.mark.parametrize(
    "manifest",
    [
        {"kind": "ConfigMap", "data": {"promtail.yaml": CONFIG}},
        {"kind": "Secret", "stringData": {"promtail.yaml": CONFIG}},
        {"kind": "Secret", "data": {"promtail.yaml": base64.b64encode(CONFIG.encode()).decode()}},
    ],
)
def test_manifest_with_a_configuration_is_read(manifest: dict[str, Any]) -> None:
    assert list(migrate_config({"apiVersion": "v1", **manifest}).sources) == ["app"]


def test_second_configuration_with_another_client_is_named() -> None:
    other = CONFIG.replace("http://loki/", "http://other/").replace("job_name: app", "job_name: other")
    migrated = migrate_config({"kind": "ConfigMap", "data": {"a.yaml": CONFIG, "b.yaml": other}})

    assert list(migrated.sources) == ["app", "other"]
    assert lost(migrated) == {
        "data.b.yaml": "its clients and limits: the sources of all configurations have one agent, with those of the "
        "first"
    }


def test_other_documents_of_a_manifest_are_named() -> None:
    manifest = yaml.safe_dump({"kind": "ConfigMap", "data": {"promtail.yaml": CONFIG, "other.txt": "x"}})
    migrated = migrate_text(f"kind: DaemonSet\n---\n{manifest}")

    assert list(migrated.sources) == ["app"]
    assert notes(migrated, NoteKind.CHANGED)[""] == "document 1 (DaemonSet) has no configuration of Promtail: not read"
    assert changed(migrated)["data.other.txt"] == "this is no configuration of Promtail: not read"


def test_manifest_without_a_configuration_is_refused() -> None:
    with pytest.raises(DocumentError) as refused:
        migrate_config({"kind": "ConfigMap", "data": {"loki.yaml": "schema_config: {}"}})

    assert refused.value.found == "it has no scrape_configs. Its keys: data, kind"


def test_text_that_is_not_yaml_is_refused_with_its_key() -> None:
    with pytest.raises(DocumentError) as refused:
        migrate_values(snippets={"extraScrapeConfigs": "- job_name: [\n"})

    assert refused.value.found.startswith("config.snippets.extraScrapeConfigs: not readable as YAML")
