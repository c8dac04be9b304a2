"""Tests of reading files: which kinds are accepted, and how each kind is read."""

from base64 import b64encode
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from logops.doctor import DocumentError, read_documents, read_each, read_texts
from logops.doctor.reading.files import read_named
from tests.unit.doctor.files import (
    FLUENT_BIT,
    LOKI,
    VALUES,
    changed,
    finding_paths,
    findings,
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
def test_file_of_each_kind_is_read_as_cluster_agent_or_rule(text: str, clusters: int, agents: int, rules: int) -> None:
    deployment = read_texts({"file": text})

    assert (len(deployment.clusters), len(deployment.agents), len(deployment.lifecycle)) == (clusters, agents, rules)
    assert deployment.unreadable == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("groups: [{name: alerts}]", "unknown kind of file, with the keys groups"),
        ("- a\n- b", "contains a list"),
        ("", "empty"),
        ("just words", "contains a str"),
    ],
)
def test_unknown_file_is_refused_with_its_keys_and_the_accepted_kinds(text: str, reason: str) -> None:
    with pytest.raises(DocumentError) as refused:
        read_texts({"rules.yaml": text})

    assert reason in str(refused.value)
    assert "accepted: a Loki configuration" in str(refused.value)


def test_broken_file_in_configmap_is_refused_with_its_key() -> None:
    with pytest.raises(DocumentError, match=r"data\.config\.yaml: not readable"):
        read_texts({"file": config_map(**{"config.yaml": "a: ["})})


def test_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"none\.yaml: cannot be read"):
        read_documents([tmp_path / "none.yaml"])


def test_binary_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DocumentError, match=r"x\.yaml: cannot be read"):
        read_documents([tmp_path / "x.yaml"])


def test_file_over_size_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("#" * (5 * 2**20 + 1))

    with pytest.raises(DocumentError, match=r"at most 5\.0 MiB"):
        read_documents([tmp_path / "x.yaml"])


def test_kubernetes_object_other_than_configmap_is_reported_as_not_checked() -> None:
    assert finding_paths("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}") == {("check-incomplete", "")}


def test_unknown_file_in_configmap_is_reported_as_not_checked() -> None:
    assert finding_paths(config_map(**{"config.yaml": loki(), "notes.txt": "hello"})) == {
        ("check-incomplete", "data.notes.txt")
    }


def test_templated_configuration_is_reported_as_not_checked() -> None:
    assert ("check-incomplete", "loki.config") in finding_paths(
        values(loki__config="{{ if .Values.x }}\na: 1\n{{ end }}")
    )


def test_overrides_beside_one_loki_file_belong_to_its_cluster() -> None:
    (cluster,) = read_texts({"a.yaml": loki(), "b.yaml": overrides(ingestion_rate_mb=1)}).clusters

    assert cluster.overrides == {"application": {"ingestion_rate_mb": 1}}
    assert cluster.at("overrides.application.ingestion_rate_mb").file == "b.yaml"


def test_findings_in_chart_sections_have_the_chart_path() -> None:
    structured = {"limits_config": {"retention_perid": "90d"}, "frontend": {"downstream_url": "http://x"}}
    text = values(
        loki__structuredConfig=structured, loki__runtimeConfig={"overrides": {"a": {"retention_period": "1d"}}}
    )

    assert {
        ("limit-unknown", "loki.structuredConfig.limits_config.retention_perid"),
        ("query-queue-bypassed", "loki.structuredConfig.frontend.downstream_url"),
        ("retention-short", "loki.runtimeConfig.overrides.a.retention_period"),
    } <= finding_paths(text)


@pytest.mark.parametrize("config", [LOKI, yaml.safe_dump(LOKI)], ids=["mapping", "text"])
def test_complete_configuration_in_helm_values_is_checked(config: object) -> None:
    broken = changed(LOKI, limits_config__retention_perid="1d") if config is LOKI else f"{config}bogus: 1\n"
    paths = {path for _, path in finding_paths(yaml.safe_dump({**VALUES, "loki": {"config": broken}}))}

    assert paths & {"loki.config.limits_config.retention_perid", "loki.config.bogus"}


def test_chart_storage_without_account_is_reported() -> None:
    text = values(loki__storage__azure__accountName=None)

    assert ("storage-account-missing", "loki.storage.azure.accountName") in finding_paths(text)


def test_folder_with_extra_volume_mounts_is_not_reported() -> None:
    mounts = [{"name": "wal", "mountPath": "/wal"}]
    ingester = {"wal": {"dir": "/wal"}}

    assert "wal-not-persistent" in {name for name, _ in finding_paths(values(loki__ingester=ingester))}
    assert "wal-not-persistent" not in {
        name for name, _ in finding_paths(values(loki__ingester=ingester, ingester__extraVolumeMounts=mounts))
    }


def test_chart_settings_in_switch_sections_are_not_reported() -> None:
    assert finding_paths(values(loki__ui={"enabled": True, "gateway": {"enabled": True}})) == set()


def test_prometheus_configuration_is_refused() -> None:
    with pytest.raises(DocumentError, match="unknown kind of file, with the keys scrape_configs"):
        read_texts({"x": "scrape_configs: [{job_name: x, static_configs: [{targets: [a]}]}]"})


def test_kubernetes_object_without_configuration_is_not_reported_beside_a_config_map() -> None:
    service = yaml.safe_dump({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "loki"}})

    assert finding_paths(f"{service}---\n{config_map(**{'config.yaml': loki()})}") == set()


def test_file_of_kubernetes_objects_without_any_configuration_is_not_a_pass() -> None:
    service = yaml.safe_dump({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "loki"}})

    (part,) = read_texts({"all.yaml": service}).unreadable

    assert part.reason == "Kubernetes objects (Service) without a configuration"


@pytest.mark.parametrize("block", ["data", "stringData"])
def test_configuration_in_a_secret_is_read(block: str) -> None:
    text = b64encode(loki().encode()).decode() if block == "data" else loki()
    secret = {"apiVersion": "v1", "kind": "Secret", block: {"loki.yaml": text, "password": "aHVzaA=="}}

    deployment = read_texts({"secret.yaml": yaml.safe_dump(secret)})

    assert [cluster.config for cluster in deployment.clusters] == [LOKI]
    assert deployment.unreadable == ()


def test_list_of_kubernetes_objects_is_read_like_its_items() -> None:
    items = [yaml.safe_load(config_map(**{"config.yaml": loki()}))]

    deployment = read_texts({"list.yaml": yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items})})

    assert [cluster.config for cluster in deployment.clusters] == [LOKI]


CLASSIC = {
    "fluent-bit.conf": "@INCLUDE input.conf\n@INCLUDE output.conf\n",
    "input.conf": "[INPUT]\n    Name tail\n    Path /var/log/*.log\n    DB /state/tail.db\n",
    "output.conf": "[OUTPUT]\n    Name loki\n    LabelKeys app\n    Tenant_Id application\n",
    "parsers.conf": "[PARSER]\n    Name cri\n    Format regex\n    Regex ^(?<time>[^ ]+)\n",
}


def test_files_of_fluent_bit_in_one_config_map_are_one_agent() -> None:
    deployment = read_texts({"fluent-bit.yaml": config_map(**CLASSIC)})

    (agent,) = deployment.agents
    assert [glob for glob, _ in agent.tailed_globs] == ["/var/log/*.log"]
    assert [location.path for location in agent.tenants] == ["data.output.conf.OUTPUT[0].Tenant_Id"]
    assert deployment.unreadable == ()


def test_key_of_another_plugin_of_fluent_bit_is_reported_with_the_key_to_write() -> None:
    (unknown,) = findings(config_map(**CLASSIC))

    assert unknown.message == (
        "data.output.conf.OUTPUT[0].LabelKeys is not a key of Fluent Bit's plugin loki, but of the plugin grafana-loki"
    )
    assert unknown.remedy == "Write label_keys instead."


def test_include_that_is_missing_is_not_a_pass() -> None:
    (part,) = read_texts(
        {"fluent-bit.yaml": config_map(**{k: v for k, v in CLASSIC.items() if k != "input.conf"})}
    ).unreadable

    assert part.reason == "it includes input.conf, which is not in this object"


def test_include_of_a_file_that_was_not_given_is_not_a_pass() -> None:
    (part,) = read_texts({"fluent-bit.conf": CLASSIC["input.conf"] + "@INCLUDE output.conf\n"}).unreadable

    assert part.reason == "it includes output.conf, which was not given"


def test_every_duplicate_key_is_named_and_the_other_file_is_judged() -> None:
    deployment, (error,) = read_each({"broken.yaml": "a: 1\na: 2\nb: 1\nb: {c: 1, c: 2}\n", "loki.yaml": loki()})

    assert error.found == (
        "not readable as YAML: line 2: the key 'a' is a duplicate; line 4: the key 'b' is a duplicate; "
        "line 4: the key 'c' is a duplicate"
    )
    assert [cluster.location.file for cluster in deployment.clusters] == ["loki.yaml"]


def test_files_of_a_directory_are_read_without_those_of_other_kinds(tmp_path: Path) -> None:
    for name in ("loki.yaml", "agents/promtail.yml", ".git/config.yaml", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a: 1")

    texts, errors = read_named([tmp_path])

    assert (sorted(texts), errors) == ([str(tmp_path / "agents/promtail.yml"), str(tmp_path / "loki.yaml")], [])


def test_directory_without_configuration_files_is_refused(tmp_path: Path) -> None:
    texts, (error,) = read_named([tmp_path])

    assert texts == {}
    assert error.found == "a directory without files that end in .yaml, .yml, .json, .tf, .conf"


def test_excerpt_of_configuration_has_no_findings_about_missing_sections() -> None:
    assert (
        finding_paths(
            "compactor: {retention_enabled: true, delete_request_store: azure}\nlimits_config: {retention_period: 90d}"
        )
        == set()
    )


def test_scrape_jobs_in_snippet_text_are_checked() -> None:
    jobs = yaml.safe_dump([{"job_name": "x", "pipeline_stages": [{"labels": {"trace_id": None}}]}])
    text = promtail_values(config__snippets__extraScrapeConfigs=jobs)

    path = "config.snippets.extraScrapeConfigs[0].pipeline_stages[0].labels.trace_id"
    assert ("high-cardinality-label", path) in finding_paths(text)


def test_complete_promtail_configuration_in_helm_values_is_checked() -> None:
    text = yaml.safe_dump({"config": {"file": promtail(positions__filename="/tmp/p.yaml")}})

    assert ("agent-position-lost", "config.file.positions.filename") in finding_paths(text)


def test_fluent_bit_comments_and_constants_are_not_reported_as_labels() -> None:
    text = FLUENT_BIT + "    # labels trace_id=$trace_id\n    label_keys $level,$service\n"

    assert finding_paths(text) == set()
    assert ("high-cardinality-label", "OUTPUT[0].label_keys") in finding_paths(text.replace("$level", "$trace_id"))


def test_fluent_bit_yaml_in_configmap_is_checked() -> None:
    pipeline = "pipeline:\n  outputs:\n" + indent("- name: loki\n  auto_kubernetes_labels: true\n", "    ")

    assert finding_paths(config_map(**{"fluent-bit.yaml": pipeline})) == {
        ("high-cardinality-label", "data.fluent-bit.yaml.pipeline.outputs[0].auto_kubernetes_labels")
    }
