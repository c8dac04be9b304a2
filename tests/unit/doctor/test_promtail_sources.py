"""Tests of translating a Promtail configuration into sources."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from logops.doctor.promtail_sources import MigratedSources, migrate_promtail
from logops.doctor.reading.safe_yaml import DocumentError

STORY = Path(__file__).parents[2] / "data/story/promtail-config.yaml"


def migrate(*stages: dict[str, Any], **job: Any) -> MigratedSources:
    job = job or {"static_configs": [{"labels": {"job": "app", "__path__": "/a.log"}}]}
    config = {"scrape_configs": [{"job_name": "my_app", **job, "pipeline_stages": list(stages)}]}
    return migrate_promtail(yaml.safe_dump(config), "promtail.yaml", "main", "application")


def test_story_file_becomes_a_source_with_trace_id_as_metadata() -> None:
    migrated = migrate_promtail(STORY.read_text(), "promtail-config.yaml", "main", "application")

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
    assert migrated.notes == (
        "scrape_configs[0].pipeline_stages[1].labels.trace_id: it is structured metadata now: as a label, each value "
        "would be a stream",
    )


def test_tenant_and_drop_rules_are_carried_over_with_their_names() -> None:
    migrated = migrate(
        {"multiline": {"firstline": "^x", "max_wait_time": "5s"}},
        {"drop": {"expression": "health", "drop_counter_reason": "health_checks"}},
        {"drop": {"source": "level", "value": "debug"}},
        {"tenant": {"value": "platform"}},
    )

    assert migrated.sources["my-app"]["tenant"] == "platform"
    assert migrated.sources["my-app"]["parse"] == {
        "multiline_first_line": "^x",
        "multiline_max_wait": "5s",
        "drop": [
            {"name": "health-checks", "expression": "health"},
            {"name": "drop-2", "field": "level", "value": "debug"},
        ],
    }


@pytest.mark.parametrize(
    ("stage", "note"),
    [
        ({"template": {"source": "a"}}, "template: not carried over: an environment has no such stage"),
        ({"tenant": {"source": "ns"}}, "tenant: not carried over: write tenant_from with the allowed tenants"),
        ({"drop": {"source": ["a", "b"]}}, "drop: not carried over: write a drop rule with one field"),
        ({"labels": {"a": "b"}}, "labels.a: the field must have the name a: rename b where it is parsed"),
        ({"json": {"source": "log"}}, "json.source: not carried over: an environment has no such key"),
    ],
)
def test_stage_that_cannot_be_carried_over_is_named_with_its_path(stage: dict[str, Any], note: str) -> None:
    assert f"scrape_configs[0].pipeline_stages[0].{note}" in migrate(stage).notes


def test_label_with_another_name_than_its_field_gets_the_key_of_the_field() -> None:
    migrated = migrate({"json": {"expressions": {"lvl": "severity"}}}, {"labels": {"level": "lvl"}})

    assert migrated.sources["my-app"]["parse"]["fields"] == {"lvl": "severity", "level": "severity"}
    assert migrated.notes == ()


def test_job_with_unknown_input_is_named() -> None:
    migrated = migrate(kafka={"brokers": []})

    assert migrated.sources == {}
    assert migrated.notes == ("scrape_configs[0]: an environment has no source for the inputs of this job",)


def test_file_without_jobs_is_refused() -> None:
    with pytest.raises(DocumentError, match="it has no scrape_configs; accepted: a configuration of Promtail"):
        migrate_promtail("a: 1", "promtail.yaml", "main", "application")
