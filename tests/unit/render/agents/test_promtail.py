from pathlib import PurePath
from typing import Any

import pytest
import yaml

from logops.environment import Environment
from logops.environment.sources import FileSource
from logops.render import PlacementError, local_topology
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.render.agents.promtail.stages import pipeline_stages
from tests.support.environments import STATE, environment, rendered
from tests.support.every_source import ADDRESSES, every_source

LOCAL = environment("local")


def agent(declared: Environment, process: str) -> dict[str, Any]:
    return dict(yaml.safe_load(rendered(declared)["agents"][f"agents/{process}.yaml"]))


def job(declared: Environment, process: str, name: str) -> dict[str, Any]:
    (found,) = (job for job in agent(declared, process)["scrape_configs"] if job["job_name"] == name)
    return dict(found)


def test_agent_process_has_no_source_or_address_of_another_cluster() -> None:
    topology = local_topology(LOCAL, STATE)
    for process in topology.agents:
        config = agent(LOCAL, process.name)
        own = {name for name, source in LOCAL.sources.items() if source.cluster == process.cluster}

        assert [client["url"] for client in config["clients"]] == [
            f"{topology.write_url(process.cluster)}/loki/api/v1/push"
        ]
        assert {job["job_name"] for job in config["scrape_configs"]} <= own | {f"canary-{process.cluster}"}


def test_every_source_is_shipped_once() -> None:
    jobs = [
        job["job_name"]
        for process in local_topology(LOCAL, STATE).agents
        for job in agent(LOCAL, process.name)["scrape_configs"]
    ]

    assert sorted(jobs) == sorted([*LOCAL.sources, "canary-main"])


def test_tenant_stage_is_the_last_stage() -> None:
    for process in local_topology(LOCAL, STATE).agents:
        for found in agent(LOCAL, process.name)["scrape_configs"]:
            source = LOCAL.sources.get(found["job_name"])
            tenant = source.tenant if source else "canary"

            assert found["pipeline_stages"][-1] == {"tenant": {"value": tenant}}


def test_canary_lines_are_shipped_by_one_agent_of_the_cluster() -> None:
    two = environment(
        "local",
        ("agents", {name: {"kind": "promtail", "sources": [source]} for name, source in
                    {"a": "access", "b": "application"}.items()}),
    )  # fmt: skip

    assert [job["job_name"] for job in agent(two, "a-main")["scrape_configs"]] == ["access", "canary-main"]
    assert [job["job_name"] for job in agent(two, "b-main")["scrape_configs"]] == ["application"]


def test_relative_source_paths_start_at_the_state_folder() -> None:
    declared = environment("local", ("sources.application.paths", ["samples/a.log", "/var/log/b.log"]))

    paths = [config["labels"]["__path__"] for config in job(declared, "promtail-main", "application")["static_configs"]]
    assert paths == [f"{STATE}/samples/a.log", "/var/log/b.log"]


def test_syslog_source_listens_on_localhost_at_its_port() -> None:
    syslog = job(LOCAL, "promtail-main", "syslog")["syslog"]

    assert syslog["listen_address"] == f"127.0.0.1:{local_topology(LOCAL, STATE).syslog_port('syslog')}"
    assert syslog["listen_protocol"] == "tcp"


def test_syslog_source_of_rfc_3164_gets_the_time_of_reading() -> None:
    # With the message's time, which has no year, Promtail loses every batch: "timestamp ... before 0001-01-01".
    old = environment("local", ("sources.syslog.message_format", "rfc3164"))

    assert job(old, "promtail-main", "syslog")["syslog"]["use_incoming_timestamp"] is False
    assert job(LOCAL, "promtail-main", "syslog")["syslog"]["use_incoming_timestamp"] is True


def stages(**parse: Any) -> list[dict[str, Any]]:
    source = {"kind": "file", "paths": ["a.log"], "cluster": "main", "tenant": "platform", "labels": {"job": "a"}}
    return pipeline_stages(FileSource.model_validate({**source, "parse": parse}))[:-1]


def test_pipeline_joins_lines_then_drops_then_parses() -> None:
    assert stages(
        format="json",
        multiline_first_line="^{",
        drop=["health", {"name": "pings", "field": "path", "value": "/ping"}, {"name": "old", "older_than": "7d"}],
        labels=["level"],
        structured_metadata=["trace_id"],
        timestamp={"field": "time"},
        sample=[{"name": "debug", "keep": 0.1, "labels": {"level": "debug"}}],
        output="message",
    ) == [
        {"multiline": {"firstline": "^{", "max_lines": 128, "max_wait_time": "3s"}},
        {"drop": {"expression": "health", "drop_counter_reason": "drop-1"}},
        {
            "json": {
                "expressions": {name: name for name in ("level", "message", "path", "time", "trace_id")},
            }
        },
        {"drop": {"source": "path", "value": "/ping", "drop_counter_reason": "pings"}},
        {"labels": {"level": None}},
        {"structured_metadata": {"trace_id": None}},
        {"timestamp": {"source": "time", "format": "RFC3339Nano"}},
        {"drop": {"older_than": "168h", "drop_counter_reason": "old"}},
        {
            "match": {
                "selector": '{level="debug"}',
                "stages": [{"sampling": {"rate": 0.1, "drop_counter_reason": "debug"}}],
            }
        },
        {"output": {"source": "message"}},
    ]


@pytest.mark.parametrize("form", ["cri", "docker"])
def test_container_format_stage_is_the_first_stage(form: str) -> None:
    assert [next(iter(stage)) for stage in stages(format=form, multiline_first_line="^x")] == [form, "multiline"]
    assert [next(iter(stage)) for stage in stages(container_format=form, format="json", labels=["level"])] == [
        form,
        "json",
        "labels",
    ]


def test_tenant_of_a_field_is_taken_only_if_it_is_allowed() -> None:
    declared = environment(
        "local",
        ("sources.application.tenant_from", {"field": "team", "allowed": ["application", "canary"]}),
    )

    assert job(declared, "promtail-main", "application")["pipeline_stages"][-3:] == [
        {"tenant": {"value": "application"}},
        {"regex": {"source": "team", "expression": "^(?P<chosen_tenant>application|canary)$"}},
        {"tenant": {"source": "chosen_tenant"}},
    ]


def test_job_is_commented_with_source_and_owner() -> None:
    text = rendered(LOCAL)["agents"]["agents/promtail-main.yaml"]

    assert "  # Source application (file), owned by shop.\n  - job_name: application\n" in text


def test_secrets_are_variables_and_expressions_stay_as_they_are() -> None:
    declared = every_source("promtail", basic_auth={"username": "logops", "password": {"env": "LOKI_PASSWORD"}})
    process = PromtailProcess("every", "main", ("shop", "azure"), 3101, PurePath("/positions.yaml"))

    text = promtail_config(declared, process, ADDRESSES)

    assert "    password: '${LOKI_PASSWORD}'\n" in text
    assert "      connection_string: '${EVENT_HUB}'\n" in text
    assert "        expression: GET /(health|ping) .*$$\n" in text


def test_pod_job_reads_the_pods_of_its_node() -> None:
    process = PromtailProcess("every", "main", ("pods",), 3101, PurePath("/positions.yaml"))
    (pods,) = yaml.safe_load(promtail_config(every_source("promtail"), process, ADDRESSES))["scrape_configs"]

    targets = {rule.get("target_label"): rule for rule in pods["relabel_configs"]}
    assert pods["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": {"names": ["shop", "web"]}}]
    assert targets["__host__"]["source_labels"] == ["__meta_kubernetes_pod_node_name"]
    assert targets["__path__"]["replacement"] == "/var/log/pods/${1}_${2}_*/${3}/*.log"
    assert {"structured_metadata": {"pod": None}} in pods["pipeline_stages"]


def test_pod_job_keeps_the_selected_pods() -> None:
    process = PromtailProcess("every", "main", ("pods",), 3101, PurePath("/positions.yaml"))
    (pods,) = yaml.safe_load(promtail_config(every_source("promtail"), process, ADDRESSES))["scrape_configs"]

    assert [rule for rule in pods["relabel_configs"] if "action" in rule] == [
        {"source_labels": ["app"], "regex": "cart|api", "action": "keep"},
        {"source_labels": ["container"], "regex": r"main\.app", "action": "keep"},
    ]


@pytest.mark.parametrize("key", ["tls", "basic_auth", "bearer_token"])
def test_login_on_local_platform_is_refused_with_its_path(key: str) -> None:
    value = {
        "tls": {"ca_file": "/ca.crt"},
        "basic_auth": {"username": "u", "password": {"env": "P"}},
        "bearer_token": {"env": "P"},
    }[key]

    with pytest.raises(PlacementError, match=rf"agents\.promtail\.{key}: .* has no TLS and no login. Remove {key}"):
        rendered(environment("local", (f"agents.promtail.{key}", value)))


def test_structured_metadata_fields_are_not_labels() -> None:
    stages = job(LOCAL, "promtail-main", "application")["pipeline_stages"]
    labels = {label for stage in stages for label in stage.get("labels", {})}
    structured_fields = {field for stage in stages for field in stage.get("structured_metadata", {})}

    assert {"trace_id", "span_id"} <= structured_fields
    assert not labels & structured_fields


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "pods"},
        {"kind": "event-hub", "namespace": "n", "event_hub": "e", "connection_string": {"env": "A"}},
    ],
)
def test_source_unsupported_on_local_platform_is_refused_with_its_name(source: dict[str, Any]) -> None:
    unsupported = {**source, "cluster": "main", "tenant": "platform", "labels": {"job": "x"}}

    with pytest.raises(
        PlacementError, match=rf"sources\.syslog: the local platform cannot collect {source['kind']} sources"
    ):
        rendered(environment("local", ("sources.syslog", unsupported)))
