"""Tests of mistakes in sources and agents: each is refused with its path and what to do."""

from typing import Any

import pytest

from logops.environment import Environment
from logops.environment.pipeline_problems import find_pipeline_problems
from logops.environment.sources import PodSource
from tests.support.environments import environment
from tests.unit.environment.conftest import Problems


def found(*changes: tuple[str, Any]) -> list[str]:
    return [str(problem) for problem in find_pipeline_problems(environment("local", *changes))]


def test_drop_rule_written_as_text_is_named_by_its_position() -> None:
    parse = environment("local", ("sources.access.parse.drop", ["/health", "/ping"])).sources["access"].parse

    assert [(rule.name, rule.expression) for rule in parse.drop] == [("drop-1", "/health"), ("drop-2", "/ping")]


def test_pod_source_has_cri_format_by_default() -> None:
    pods = {"kind": "pods", "cluster": "main", "tenant": "platform", "labels": {"job": "pods"}}

    assert PodSource.model_validate(pods).container == "cri"
    assert PodSource.model_validate({**pods, "parse": {"format": "docker"}}).container == "docker"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "expression: '^", "expression: '(?=x)^",
            ("sources.access.parse.expression", "RE2 refuses this regular expression: invalid perl operator: (?="),
        ),
        (
            "labels: [level, service", "labels: [level, trace_id",
            ("sources.application.parse.labels.1", "move it to parse.structured_metadata"),
        ),
        (
            "labels: [level, service", "labels: [level, requestId",
            ("sources.application.parse.labels.1", "each value would be a stream"),
        ),
        ("labels: {job: nginx}", "labels: {__path__: nginx}", ("sources.access.labels.__path__", "are internal")),
        ("labels: {job: nginx}", "labels: {job: ''}", ("sources.access.labels.job", "at least 1 character")),
        (
            "kind: syslog\n", "kind: syslog\n    protocol: udp\n    tls: {cert_file: a, key_file: b}\n",
            ("sources.syslog", "syslog over UDP has no TLS"),
        ),
        (
            "    labels: {job: syslog}", "    labels: {job: syslog}\n    parse: {drop: [{name: a, field: app}]}",
            ("sources.syslog.parse.drop.0", "by exactly one of: value, expression"),
        ),
        (
            "    labels: {job: syslog}", "    labels: {job: syslog}\n    parse: {drop: [{name: a}]}",
            ("sources.syslog.parse.drop.0", "a drop rule needs a condition"),
        ),
        (
            "layout: '02/Jan/2006:15:04:05 -0700'", "layout: '%d/%b/%Y:%H:%M:%S %z'",
            ("sources.access.parse.timestamp.layout", "this is not a Go layout"),
        ),
        (
            "layout: '02", "location: Mars/Base, layout: '02",
            ("sources.access.parse.timestamp", "'Mars/Base' is not a time zone"),
        ),
        (
            "kind: promtail\n", "kind: promtail\n    buffer: {disk: 1GiB}\n",
            ("agents.promtail", "promtail has no buffer with a size"),
        ),
        ("kind: promtail\n", "kind: promtail\n    redact_secrets: true\n", ("agents.promtail", "Use kind: alloy")),
    ],
)  # fmt: skip
def test_invalid_pipeline_value_is_reported_with_path_and_remedy(
    problems: Problems, old: str, new: str, problem: tuple[str, str]
) -> None:
    ((path, _, allowed),) = problems(old, new)

    assert path == problem[0]
    assert problem[1] in allowed


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            ("sources.access.parse.labels", ["tim"]),
            'sources.access.parse.labels.0: "tim" is not known: time?',
        ),
        (
            ("sources.access.parse.timestamp.field", "when"),
            'sources.access.parse.timestamp.field: "when" is not known: one of: filename, job, time, trace_id',
        ),
        (
            ("sources.access.parse.drop", [{"name": "bots", "field": "agent", "value": "bot"}]),
            'sources.access.parse.drop.0.field: "agent" is not known: one of: filename, job, time, trace_id',
        ),
        (
            ("sources.application.parse.fields", {"level": "severity"}),
            'sources.application.parse.labels.1: "service" is not known: one of: filename, job, level',
        ),
        (
            ("sources.application.parse.sample", [{"name": "debug", "keep": 0.1, "labels": {"levle": "debug"}}]),
            'sources.application.parse.sample.0.labels: "levle" is not known: level?',
        ),
        (
            ("sources.application.parse.structured_metadata", ["trace_id", "level"]),
            'sources.application.parse.structured_metadata.1: "level" is a label as well: a field is either a label '
            "(few values) or structured metadata (many values): remove it from one",
        ),
        (
            ("sources.application.parse.drop", [{"name": "a", "expression": "x"}, {"name": "a", "expression": "y"}]),
            'sources.application.parse.drop.0.name: "a" names 2 rules: a name of its own: dropped lines are counted '
            "by name",
        ),
        (
            ("sources.application.parse.timestamp.field", "a..b"),
            "sources.application.parse.timestamp.field: \"a..b\": 'a..b' is not a path of keys: write it as status, "
            "http.status or '\"http.status\"'",
        ),
        (
            ("sources.application.ignore_older", "1d"),
            'sources.application.ignore_older: agent "promtail" is Promtail, which reads every file that matches: '
            "remove ignore_older, or use an agent of kind alloy or fluent-bit",
        ),
    ],
)  # fmt: skip
def test_mistake_in_pipeline_is_reported_with_path_and_remedy(change: tuple[str, Any], problem: str) -> None:
    assert problem in found(change)


def test_selection_of_pods_by_an_unknown_label_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"select: team is no label of the pods\. Choose one of: container, app"):
        environment("production", ("sources.pods.select", {"team": ["shop"]}))


def test_two_sources_with_the_same_input_and_labels_are_refused() -> None:
    copy = environment("local").sources["access"].model_dump(mode="json", exclude_none=True)

    assert found(("sources.copy", copy), ("agents.promtail.sources", ["access", "copy"])) == [
        'agents.promtail.sources.1: "copy" reads the same lines as "access" and gives them the same labels: another '
        "input or other labels: otherwise every line is stored twice"
    ]


def test_source_of_two_agents_is_refused() -> None:
    assert found(("agents.second", {"kind": "alloy", "sources": ["access"]})) == [
        'agents.second.sources.0: agent "promtail" ships "access" as well: one agent for each source: otherwise '
        "every line is stored twice"
    ]


def test_source_may_be_archived_by_a_second_agent() -> None:
    archive = {"storage_account": "main", "container": "system-logs"}

    assert found(("agents.raw", {"kind": "fluent-bit", "sources": ["syslog"], "archive": archive})) == []


@pytest.mark.parametrize("name", ["local", "production"])
def test_included_environment_has_owner_for_every_source(name: str) -> None:
    declared: Environment = environment(name)

    assert [name for name, source in declared.sources.items() if not source.owner] == []
