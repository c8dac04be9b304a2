"""Tests of migrating whole files of Promtail: the story's, and files that cannot be used."""

from pathlib import Path

import pytest
import yaml

from logops.doctor.reading.safe_yaml import DocumentError
from logops.environment.load import parse_environment
from tests.unit.doctor.promtail.migrating import FILES, changed, lost, migrate_config, migrate_job, migrate_text, todo

ROOT = Path(__file__).parents[4]
STORY = ROOT / "tests/data/story"


def test_story_file_becomes_a_source_with_trace_id_as_metadata() -> None:
    migrated = migrate_text((STORY / "promtail-config.yaml").read_text())

    assert migrated.sources["application"] == {
        "kind": "file",
        "paths": ["/app/logs/*.log"],
        "labels": {"job": "oversight-app"},
        "cluster": "main",
        "tenant": "application",
        "parse": {
            "format": "json",
            "labels": ["level"],
            "structured_metadata": ["trace_id"],
            "timestamp": {"field": "timestamp", "layout": "RFC3339"},
            "output": "msg",
            "fields": {
                "level": "level", "msg": "message", "timestamp": "timestamp", "trace_id": "trace_id",
                "span_id": "span_id",
            },
        },
    }  # fmt: skip
    assert changed(migrated)["scrape_configs[0].pipeline_stages[1].labels.trace_id"] == (
        "structured metadata instead of a label: each value would be a stream"
    )
    assert lost(migrated) == {}


def test_story_login_is_a_reference_and_names_what_is_missing() -> None:
    migrated = migrate_text((STORY / "promtail-config.yaml").read_text())

    assert migrated.agents["nodes"]["basic_auth"]["password"] == {"env": "LOKI_PASSWORD"}
    assert todo(migrated) == {
        "clients[0].tenant_id": "name the tenant with --tenant: ${TENANT_ID} is known only where Promtail runs",
        "clients[0].basic_auth.username": "replace ${LOKI_USER} by its value: an environment has variables only for "
        "secrets",
        "clients[0].basic_auth.password": "set the environment variable LOKI_PASSWORD where the agent runs, as for "
        "Promtail",
    }


def test_story_values_become_a_source_for_each_job() -> None:
    migrated = migrate_text((STORY / "promtail-values.yaml").read_text())

    assert {name: source["kind"] for name, source in migrated.sources.items()} == {
        "kubernetes-pods": "pods",
        "systemd-journal": "journal",
        "syslog": "syslog",
        "azure-logs": "event-hub",
    }
    assert lost(migrated) == {}


@pytest.mark.parametrize(
    ("path", "note"),
    [
        ("config.snippets.pipelineStages[0].docker", "cri instead of docker"),
        ("config.snippets.pipelineStages[5].multiline", "multiline runs before drop, regex, labels, timestamp"),
        ("config.scrapeConfigs", "no version of the chart reads this key"),
        ("config.scrapeConfigs[0].relabel_configs[3]", "__meta_kubernetes_container_name does not exist"),
        ("config.scrapeConfigs[0].relabel_configs[4]", "this path matches no file of static pods"),
        ("config.scrapeConfigs[1].relabel_configs[1]", "the label hostname has the name host now"),
        ("config.scrapeConfigs[2].syslog.label_structured_data", "off: it makes internal labels"),
        ("config.scrapeConfigs[3].azure_event_hubs.event_hub_name", "Promtail does not know this key"),
    ],
)
def test_fault_of_the_story_is_noted_openly(path: str, note: str) -> None:
    migrated = migrate_text((STORY / "promtail-values.yaml").read_text())

    assert changed(migrated)[path].startswith(note)


@pytest.mark.parametrize("name", ["promtail-config.yaml", "promtail-values.yaml"])
def test_story_files_give_a_configuration_of_alloy(name: str) -> None:
    migrated = migrate_text((STORY / name).read_text())

    assert migrated.alloy.startswith("// Migrated from promtail.yaml by `logops agents migrate`.\n")
    assert 'url                 = "http://loki-gateway:3100/loki/api/v1/push"' in migrated.alloy


@pytest.mark.parametrize("name", ["promtail-config.yaml", "promtail-values.yaml"])
def test_sources_and_agent_of_the_story_are_accepted_in_an_environment_file(name: str) -> None:
    migrated = yaml.safe_load(migrate_text((STORY / name).read_text()).yaml)
    production = yaml.safe_load((ROOT / "include/environments/production.yaml").read_text())

    environment = parse_environment(yaml.safe_dump(production | migrated), Path("production.yaml"))

    assert set(environment.sources) == set(migrated["sources"])


def test_job_with_unknown_input_is_named() -> None:
    migrated = migrate_config({"scrape_configs": [{"job_name": "a", "kafka": {"brokers": ["b"]}}]})

    assert migrated.sources == {}
    assert lost(migrated) == {
        "scrape_configs[0]": "no source was made of this job",
        "scrape_configs[0].kafka": "an environment has no source with this input",
    }


def test_names_of_sources_are_valid_and_different() -> None:
    migrated = migrate_config({"scrape_configs": [{"job_name": name, **FILES} for name in ("App", "app", "2", "")]})

    assert list(migrated.sources) == ["app", "app-2", "job-2", "job-4"]


def test_value_that_an_environment_refuses_is_left_to_the_user() -> None:
    migrated = migrate_job({"tenant": {"value": "a|b"}})

    assert migrated.alloy == ""
    assert "sources.my-app.tenant" in todo(migrated)[""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("a: 1", "it has no scrape_configs. Its keys: a"),
        ("scrape_configs: []", "it has no scrape_configs, or they are empty"),
        ("[INPUT]\n  Name tail\n", "this is a configuration of Fluent Bit"),
        ("pipeline:\n  inputs: [{name: tail}]\n", "this is a configuration of Fluent Bit"),
        ('loki.write "main" {\n}\n', "this is a configuration of Alloy"),
        ("receivers: {}\nexporters: {}\n", "this is a configuration of the OpenTelemetry Collector"),
        ("sources: {}\nsinks: {}\n", "this is a configuration of Vector"),
        ("schema_config: {}\nlimits_config: {}\n", "this is a configuration of Loki: use `logops doctor --migrate`"),
        ("a: [\n",
         "not readable as YAML: while parsing a flow node did not find expected node content (line 2, column 1)"),
        ("kind: ConfigMap\ndata: {fluent-bit.conf: '[INPUT]\n\n    Name tail'}\n",
         "this is a configuration of Fluent Bit"),
        ("a: &a [x]\n" + "\n".join(f"a{i}: &a{i} [{', '.join(['*a' + str(i - 1) if i else '*a'] * 9)}]"
                                   for i in range(9)), "aliases that expand to more than 1000000 values"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_used_is_refused_with_what_it_is(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as refused:
        migrate_text(text)

    assert refused.value.found.startswith(message)


def test_duplicate_key_is_refused_with_its_line() -> None:
    with pytest.raises(DocumentError) as refused:
        migrate_text("a: 1\na: 2\n")

    assert (refused.value.found, refused.value.line) == ("not readable as YAML: line 2: the key 'a' is a duplicate", 2)


def test_client_that_is_no_list_is_named() -> None:
    migrated = migrate_config({"clients": {"url": "x"}, "scrape_configs": [{"job_name": "a", **FILES}]})

    assert lost(migrated) == {"clients": "an environment has no such key, or not with this value"}


def test_file_with_too_many_stages_is_refused_with_the_line() -> None:
    stages = "".join("  - cri: {}\n" for _ in range(10_000))
    with pytest.raises(DocumentError) as refused:
        migrate_text(f"scrape_configs:\n- job_name: a\n  pipeline_stages:\n{stages}")

    assert (refused.value.found, refused.value.line) == ("scrape_configs[0].pipeline_stages has 10,000 stages", 3)
