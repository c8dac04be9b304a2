from typing import Any

import pytest
import yaml

from logops.environment import Environment
from logops.environment.pipeline import Parse
from logops.render import PlacementError, local_topology
from logops.render.promtail import _stages
from tests.support.environments import STATE, environment, rendered

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


def test_pipeline_joins_lines_then_drops_then_parses() -> None:
    parse = Parse.model_validate(
        {
            "format": "json",
            "multiline_first_line": "^{",
            "drop": ["health", "ping"],
            "labels": ["level"],
            "structured_metadata": ["trace_id"],
            "timestamp": {"field": "time"},
        }
    )

    assert _stages(parse) == [
        {"multiline": {"firstline": "^{", "max_wait_time": "3s"}},
        {"drop": {"expression": "health", "drop_counter_reason": "drop-1"}},
        {"drop": {"expression": "ping", "drop_counter_reason": "drop-2"}},
        {"json": {"expressions": {"level": "level", "time": "time", "trace_id": "trace_id"}}},
        {"labels": {"level": None}},
        {"structured_metadata": {"trace_id": None}},
        {"timestamp": {"source": "time", "format": "RFC3339Nano"}},
    ]


@pytest.mark.parametrize("form", ["cri", "docker"])
def test_container_format_stage_is_the_first_stage(form: str) -> None:
    parse = Parse.model_validate({"format": form, "multiline_first_line": "^x"})

    assert [next(iter(stage)) for stage in _stages(parse)] == [form, "multiline"]


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
