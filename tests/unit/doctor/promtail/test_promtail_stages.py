"""Tests of translating pipeline stages of Promtail."""

from typing import Any

import pytest

from tests.unit.doctor.promtail.migrating import changed, lost, migrate_job, todo

STAGES = "scrape_configs[0].pipeline_stages"
JSON = {"json": {"expressions": {"level": None, "path": None}}}


def parse_of(*stages: dict[str, Any], **job: Any) -> Any:
    return migrate_job(*stages, **job).sources["my-app"]["parse"]


def test_tenant_and_drop_rules_are_carried_over_with_their_names() -> None:
    migrated = migrate_job(
        {"multiline": {"firstline": "^x", "max_wait_time": "5s"}},
        {"drop": {"expression": "^/health", "drop_counter_reason": "health_checks"}},
        JSON,
        {"drop": {"source": "level", "value": "debug"}},
        {"tenant": {"value": "platform"}},
    )

    assert migrated.sources["my-app"]["tenant"] == "platform"
    assert migrated.sources["my-app"]["parse"] == {
        "multiline_first_line": "^x",
        "multiline_max_wait": "5s",
        "format": "json",
        "drop": [
            {"name": "health-checks", "expression": "^/health"},
            {"name": "drop-2", "field": "level", "value": "debug"},
        ],
    }


@pytest.mark.parametrize(
    ("stage", "path", "note"),
    [
        (
            {"template": {"source": "a"}},
            ".template",
            "an environment does not change fields. Do it in the query, or where the lines are written",
        ),
        (
            {"drop": {"source": ["a", "b"]}},
            ".drop",
            "a drop rule compares one field: write a rule for each, or compare the line",
        ),
        (
            {"json": {"source": "log"}},
            ".json",
            "it parses the field log: an environment parses the whole line, once",
        ),
        (
            {"json": {"expressions": {"a": "list[0]"}}},
            ".json.expressions.a",
            "list[0] is not a path of keys: an environment has no other JMESPath expressions",
        ),
        (
            {"regex": {"expression": "(?P<a>x)(?=y)"}},
            ".regex.expression",
            "RE2 refuses this regular expression: invalid perl operator: (?=. Promtail does not start with it either",
        ),
        ({"jsn": {}}, ".jsn", "Promtail has no stage 'jsn'. Did you mean json?"),
        ({"docker": {}, "cri": {}}, ".cri", "the source has the container format docker already"),
        (
            {"limit": {"rate": 5, "burst": 9}},
            ".limit",
            "Promtail waits above this rate, and loses nothing. A source can only drop lines above a rate",
        ),
    ],
)
def test_stage_that_cannot_be_carried_over_is_named_with_its_path(stage: dict[str, Any], path: str, note: str) -> None:
    assert lost(migrate_job(stage))[f"{STAGES}[0]{path}"] == note


def test_tenant_from_a_field_is_left_to_the_user_with_the_reason() -> None:
    migrated = migrate_job(JSON, {"tenant": {"source": "path"}})

    assert todo(migrated) == {
        f"{STAGES}[1].tenant.source": "write tenant_from with the allowed tenants: {field: path, allowed: [...]}. "
        "Otherwise whoever writes a line chooses its tenant"
    }


def test_label_with_another_name_than_its_json_field_gets_the_key_of_the_field() -> None:
    parse = parse_of({"json": {"expressions": {"lvl": "severity"}}}, {"labels": {"level": "lvl"}})

    assert parse["fields"] == {"lvl": "severity", "level": "severity"}


def test_label_with_another_name_than_its_logfmt_field_renames_the_field() -> None:
    """Promtail's stage logfmt gives a key to one field only: with two fields, chance decides which."""
    parse = parse_of({"logfmt": {"mapping": {"lvl": None, "ts": "time"}}}, {"labels": {"level": "lvl"}})

    assert parse["fields"] == {"level": "lvl", "ts": "time"}


def test_label_with_another_name_than_its_group_renames_the_group_everywhere() -> None:
    parse = parse_of(
        {"regex": {"expression": r"^(?P<lvl>[A-Z]+) (?P<t>\d+)"}},
        {"drop": {"source": "lvl", "value": "DEBUG"}},
        {"labels": {"level": "lvl"}},
        {"timestamp": {"source": "t", "format": "Unix"}},
    )

    assert (parse["expression"], parse["labels"], parse["drop"][0]["field"]) == (
        r"^(?P<level>[A-Z]+) (?P<t>\d+)",
        ["level"],
        "level",
    )


def test_identity_as_label_becomes_structured_metadata_with_the_reason() -> None:
    migrated = migrate_job({"json": {"expressions": {"traceId": None}}}, {"labels": {"traceId": None}})

    assert migrated.sources["my-app"]["parse"]["structured_metadata"] == ["traceId"]
    assert (
        changed(migrated)[f"{STAGES}[1].labels.traceId"]
        == "structured metadata instead of a label: each value would be a stream"
    )


def test_label_from_a_field_that_no_stage_makes_is_left_out_with_its_path() -> None:
    migrated = migrate_job(JSON, {"labels": {"level": None, "service": None}})

    assert migrated.sources["my-app"]["parse"]["labels"] == ["level"]
    assert (
        changed(migrated)[f"{STAGES}[1].labels.service"]
        == "no stage makes the field service, so this did nothing. It was left out"
    )


def test_label_from_a_field_of_a_stage_that_is_lost_is_not_carried_over_either() -> None:
    migrated = migrate_job(
        JSON, {"regex": {"expression": "(?P<user>x)", "source": "path"}}, {"labels": {"user": None, "level": None}}
    )

    assert migrated.sources["my-app"]["parse"]["labels"] == ["level"]
    assert lost(migrated)[f"{STAGES}[2].labels.user"] == (
        "it needs the field user, which a stage makes that was not carried over"
    )


def test_drop_of_a_bare_word_is_carried_over_with_a_warning() -> None:
    migrated = migrate_job({"drop": {"expression": ".*health.*"}})

    assert migrated.sources["my-app"]["parse"]["drop"] == [{"name": "drop-1", "expression": ".*health.*"}]
    assert todo(migrated)[f"{STAGES}[0].drop.expression"] == (
        "check the expression: it drops every line with health, also inside longer words, as in "
        '"healthcheck failed". `logops agents test` shows it'
    )


def test_level_that_takes_any_word_is_carried_over_with_a_warning() -> None:
    migrated = migrate_job({"regex": {"expression": "^(?P<level>[^ ]+) .*$"}}, {"labels": {"level": None}})

    assert todo(migrated)[f"{STAGES}[1].labels.level"] == (
        "check the expression: level can be any word, so a line of another format (as JSON) gets a part of its text "
        "as label level"
    )


def test_stage_that_runs_earlier_than_in_the_file_is_noted_if_the_result_differs() -> None:
    migrated = migrate_job(JSON, {"labels": {"level": None}}, {"multiline": {"firstline": "^x"}})

    assert changed(migrated) == {
        f"{STAGES}[2].multiline": "multiline runs before json, labels: an environment has a fixed order of stages"
    }


def test_expression_before_multiline_also_matches_joined_lines() -> None:
    migrated = migrate_job({"regex": {"expression": "^x (?P<m>.*)$"}}, {"multiline": {"firstline": "^x"}})

    assert migrated.sources["my-app"]["parse"]["expression"] == "(?s)^x (?P<m>.*)$"
    assert changed(migrated)[f"{STAGES}[0].regex.expression"] == (
        "(?s) was added: lines are joined before they are parsed, and without it `.` does not match their line ends"
    )


def test_stage_that_runs_earlier_than_in_the_file_is_silent_if_nothing_differs() -> None:
    migrated = migrate_job(JSON, {"output": {"source": "path"}}, {"labels": {"level": None}})

    assert migrated.notes == ()


def test_docker_stage_of_pods_is_cri_with_the_reason() -> None:
    migrated = migrate_job({"docker": {}}, kubernetes_sd_configs=[{"role": "pod"}])

    assert "parse" not in migrated.sources["my-app"]
    assert changed(migrated)[f"{STAGES}[0].docker"].startswith("cri instead of docker: since Kubernetes 1.24")


@pytest.mark.parametrize(
    ("match", "parse"),
    [
        (
            {"selector": '{job="app"} |= "GET /a.b"', "action": "drop", "drop_counter_reason": "noise"},
            {"drop": [{"name": "noise", "expression": r"GET \/a\.b"}]},
        ),
        (
            {"selector": '{level=~"debug|trace"}', "action": "drop"},
            {"drop": [{"name": "drop-1", "field": "level", "expression": "^(?:debug|trace)$"}]},
        ),
        (
            {"selector": '{level="debug"}', "stages": [{"sampling": {"rate": 0.1}}]},
            {"sample": [{"name": "sample-1", "keep": 0.1, "labels": {"level": "debug"}}]},
        ),
        ({"selector": '{job="app"}', "stages": [{"multiline": {"firstline": "^x"}}]}, {"multiline_first_line": "^x"}),
    ],
)
def test_match_that_an_environment_can_say_is_carried_over(match: dict[str, Any], parse: dict[str, Any]) -> None:
    migrated = migrate_job(JSON, {"labels": {"level": None}}, {"match": match})

    assert migrated.sources["my-app"]["parse"] == {"format": "json", "labels": ["level"], **parse}
    assert migrated.is_complete


def test_match_of_some_lines_is_named_with_its_selector() -> None:
    migrated = migrate_job({"match": {"selector": '{level="info"}', "stages": [{"cri": {}}]}})

    assert lost(migrated)[f"{STAGES}[0].match"] == (
        'only lines with {level="info"} have these stages. A source has one pipeline for all its lines: write a source '
        "for these lines if they have files of their own"
    )


def test_match_that_never_applies_is_left_out() -> None:
    migrated = migrate_job({"match": {"selector": '{job="other"}', "stages": [{"cri": {}}]}})

    assert "parse" not in migrated.sources["my-app"]
    assert changed(migrated)[f"{STAGES}[0].match"] == (
        "the source never has these labels, so this stage never ran for it. It was left out"
    )


def test_fixed_labels_of_a_stage_are_labels_of_the_source() -> None:
    migrated = migrate_job({"static_labels": {"team": "shop"}}, {"labeldrop": ["job"]})

    assert migrated.sources["my-app"]["labels"] == {"team": "shop"}
