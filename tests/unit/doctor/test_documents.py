"""What kinds of files are read, and as what."""

from pathlib import Path
from textwrap import indent

import pytest
import yaml

from logops.doctor import DocumentError, read_documents, read_texts
from tests.unit.doctor.files import (
    FLUENT_BIT,
    LOKI,
    VALUES,
    changed,
    found,
    loki,
    overrides,
    policy,
    promtail,
    promtail_values,
    terraform,
    values,
)


def config_map(**data: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "loki"}, "data": data})


@pytest.mark.parametrize(
    ("text", "clusters", "agents", "rules"),
    [
        (loki(), 1, 0, 0),
        (values(), 1, 0, 0),
        (overrides(ingestion_rate_mb=4), 1, 0, 0),
        (promtail(), 0, 1, 0),
        (promtail_values(), 0, 1, 0),
        (FLUENT_BIT, 0, 1, 0),
        (policy(tierToCool=30), 0, 0, 1),
        (terraform(), 0, 0, 1),
        (config_map(**{"config.yaml": loki(), "fluent-bit.conf": FLUENT_BIT}), 1, 1, 0),
        (f"{loki()}\n---\n{promtail()}", 1, 1, 0),
        ("pipeline: {inputs: [{name: tail, path: /var/log/*.log}], outputs: [{name: loki, host: x}]}", 0, 1, 0),
    ],
    ids=[
        *("loki", "helm", "overrides", "promtail", "promtail-helm", "fluent-bit"),
        *("policy", "terraform", "configmap", "two", "pipeline"),
    ],
)
def test_each_kind_is_read_as_what_it_is(text: str, clusters: int, agents: int, rules: int) -> None:
    deployment = read_texts({"file": text})

    assert (len(deployment.clusters), len(deployment.agents), len(deployment.lifecycle)) == (clusters, agents, rules)
    assert deployment.unreadable == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("groups: [{name: alerts}]", "unknown: its keys are groups"),
        ("- a\n- b", "holds a list"),
        ("", "empty"),
        ("just words", "holds a str"),
    ],
)
def test_an_unknown_file_says_what_it_looks_like_and_what_is_accepted(text: str, found: str) -> None:
    with pytest.raises(DocumentError) as refused:
        read_texts({"rules.yaml": text})

    assert found in str(refused.value)
    assert "accepted: a Loki configuration" in str(refused.value)


def test_a_broken_text_in_a_configmap_is_named_with_its_key() -> None:
    with pytest.raises(DocumentError, match=r"data\.config\.yaml: not readable"):
        read_texts({"file": config_map(**{"config.yaml": "a: ["})})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.yaml: cannot be read"):
        read_documents([tmp_path / "none.yaml"])


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DocumentError, match=r"x\.yaml: cannot be read"):
        read_documents([tmp_path / "x.yaml"])


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("#" * (5 * 2**20 + 1))

    with pytest.raises(DocumentError, match="at most 5242880"):
        read_documents([tmp_path / "x.yaml"])


def test_other_kubernetes_objects_are_said_to_be_unread() -> None:
    assert found("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}") == {("check-incomplete", "")}


def test_what_no_one_knows_in_a_configmap_is_said_to_be_unread() -> None:
    assert found(config_map(**{"config.yaml": loki(), "notes.txt": "hello"})) == {
        ("check-incomplete", "data.notes.txt")
    }


def test_a_templated_configuration_is_said_to_be_unread() -> None:
    assert ("check-incomplete", "loki.config") in found(values(loki__config="{{ if .Values.x }}\na: 1\n{{ end }}"))


def test_overrides_join_the_one_loki_beside_them() -> None:
    (cluster,) = read_texts({"a.yaml": loki(), "b.yaml": overrides(ingestion_rate_mb=1)}).clusters

    assert cluster.overrides == {"application": {"ingestion_rate_mb": 1}}
    assert cluster.at("overrides.application.ingestion_rate_mb").file == "b.yaml"


def test_the_chart_s_own_sections_are_found_at_their_places() -> None:
    structured = {"limits_config": {"retention_perid": "90d"}, "frontend": {"downstream_url": "http://x"}}
    text = values(
        loki__structuredConfig=structured, loki__runtimeConfig={"overrides": {"a": {"retention_period": "1d"}}}
    )

    assert {
        ("limit-unknown", "loki.structuredConfig.limits_config.retention_perid"),
        ("query-queue-bypassed", "loki.structuredConfig.frontend.downstream_url"),
        ("retention-short", "loki.runtimeConfig.overrides.a.retention_period"),
    } <= found(text)


@pytest.mark.parametrize("whole", [LOKI, yaml.safe_dump(LOKI)], ids=["mapping", "text"])
def test_a_whole_configuration_in_the_values_is_read(whole: object) -> None:
    broken = changed(LOKI, limits_config__retention_perid="1d") if whole is LOKI else f"{whole}bogus: 1\n"
    paths = {path for _, path in found(yaml.safe_dump({**VALUES, "loki": {"config": broken}}))}

    assert paths & {"loki.config.limits_config.retention_perid", "loki.config.bogus"}


def test_the_chart_s_storage_names_containers() -> None:
    text = values(loki__storage__azure__accountName=None)

    assert ("storage-account-missing", "loki.storage.azure.accountName") in found(text)


def test_a_folder_on_an_extra_mount_is_not_judged() -> None:
    mounts = [{"name": "wal", "mountPath": "/wal"}]
    own = {"wal": {"dir": "/wal"}}

    assert "wal-not-persistent" in {name for name, _ in found(values(loki__ingester=own))}
    assert "wal-not-persistent" not in {
        name for name, _ in found(values(loki__ingester=own, ingester__extraVolumeMounts=mounts))
    }


def test_switches_that_the_chart_adds_settings_of_its_own_to_are_not_loki_s() -> None:
    assert found(values(loki__ui={"enabled": True, "gateway": {"enabled": True}})) == set()


def test_prometheus_is_not_taken_for_promtail() -> None:
    with pytest.raises(DocumentError, match="unknown: its keys are scrape_configs"):
        read_texts({"x": "scrape_configs: [{job_name: x, static_configs: [{targets: [a]}]}]"})


def test_of_an_excerpt_nothing_is_said_that_stands_in_the_rest() -> None:
    assert (
        found(
            "compactor: {retention_enabled: true, delete_request_store: azure}\nlimits_config: {retention_period: 90d}"
        )
        == set()
    )


def test_scrape_jobs_in_a_snippet_s_text_are_read() -> None:
    jobs = yaml.safe_dump([{"job_name": "x", "pipeline_stages": [{"labels": {"trace_id": None}}]}])
    text = promtail_values(config__snippets__extraScrapeConfigs=jobs)

    path = "config.snippets.extraScrapeConfigs[0].pipeline_stages[0].labels.trace_id"
    assert ("high-cardinality-label", path) in found(text)


def test_a_whole_promtail_configuration_in_the_values_is_read() -> None:
    text = yaml.safe_dump({"config": {"file": promtail(positions__filename="/tmp/p.yaml")}})

    assert ("agent-position-lost", "config.file.positions.filename") in found(text)


def test_comments_and_constants_of_fluent_bit_are_no_labels() -> None:
    text = FLUENT_BIT + "    # labels trace_id=$trace_id\n    label_keys $level,$service\n"

    assert found(text) == set()
    assert ("high-cardinality-label", "OUTPUT[0].label_keys") in found(text.replace("$level", "$trace_id"))


def test_a_fluent_bit_configuration_may_stand_in_a_configmap_as_yaml() -> None:
    pipeline = "pipeline:\n  outputs:\n" + indent("- name: loki\n  auto_kubernetes_labels: true\n", "    ")

    assert found(config_map(**{"fluent-bit.yaml": pipeline})) == {
        ("high-cardinality-label", "data.fluent-bit.yaml.pipeline.outputs[0].auto_kubernetes_labels")
    }
