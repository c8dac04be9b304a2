"""Tests of `logops agents test`: the text and the JSON that a person gets."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli.output.console import BAD_INPUT, OK

SAMPLES = "\n".join(
    [
        '{"timestamp":"2026-11-28T17:00:00.5Z","level":"info","service":"cart","trace_id":"a1","message":"x"}',
        "plain text",
    ]
)


def agents_test(*arguments: str, samples: str = SAMPLES) -> Result:
    return CliRunner().invoke(app, ["agents", "test", *arguments], input=samples)


def test_sample_line_is_shown_with_stream_time_and_metadata() -> None:
    result = agents_test("local", "application", "-")

    assert result.exit_code == OK
    assert result.stdout.splitlines()[:4] == [
        '1         {filename="samples/application.log", job="oversight-app", level="info", service="cart"}',
        "time      2026-11-28T17:00:00.500000000Z",
        'metadata  trace_id="a1"',
        f"line      {SAMPLES.splitlines()[0]}",
    ]


def test_sample_line_that_cannot_be_parsed_says_why() -> None:
    lines = agents_test("local", "application", "-").stdout.splitlines()

    assert "(no readable timestamp: the time of reading)" in lines[5]
    assert lines[6:] == ["unparsed  not a JSON object", "line      plain text"]


def test_summary_counts_lines_streams_and_tenants() -> None:
    assert agents_test("local", "application", "-").stderr == (
        "application: 2 lines; 2 streams; sent by agent promtail: 2 to tenant application; dropped: nothing; "
        "not parsed: 1\n"
    )


def test_dropped_line_is_shown_with_its_rule() -> None:
    result = agents_test("production", "application", "-", samples='{"path":"/health"}')

    assert result.stdout == ('1         dropped by the rule drop-1\nline      {"path":"/health"}\n')
    assert result.stderr.endswith("sent by agent nodes: nothing; dropped: 1 by drop-1\n")


def test_json_has_every_part_of_an_entry() -> None:
    first, second = json.loads(agents_test("local", "application", "-", "--json").stdout)

    assert (first["lines"], first["tenant"], first["timestamp_from"]) == ([1], "application", "field")
    assert first["labels"]["level"] == "info"
    assert first["structured_metadata"] == {"trace_id": "a1"}
    assert first["timestamp_ns"] == 1_795_885_200_500_000_000
    assert second["unparsed"] == ["json"]


def test_syslog_line_may_have_its_header() -> None:
    line = '<13>1 2026-11-28T17:00:00.5Z web-1 sshd 12 - [a@1 b="\\]"] Accepted publickey'

    assert agents_test("local", "syslog", "-", samples=line).stdout.splitlines() == [
        '1         {app="sshd", host="web-1", job="syslog"}',
        "time      2026-11-28T17:00:00.500000000Z",
        "line      Accepted publickey",
    ]


def test_pod_line_is_unwrapped() -> None:
    result = agents_test("production", "pods", "-", "--json", samples="2026-11-28T17:00:00Z stdout F hello")

    (entry,) = json.loads(result.stdout)
    assert (entry["line"], entry["labels"]["stream"]) == ("hello", "stdout")


def test_unknown_source_is_refused_with_the_sources_of_the_environment() -> None:
    result = agents_test("local", "acess", "-")

    assert result.exit_code == BAD_INPUT
    assert result.stderr == (
        "local has no source 'acess'. Its sources: access, application, audit, syslog. Did you mean access?\n"
    )


def test_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    result = agents_test("local", "access", str(tmp_path / "none.log"))

    assert result.exit_code == BAD_INPUT
    assert result.stderr == (
        f"Reading {tmp_path}/none.log: No such file or directory. Name a file with sample lines, or - for standard "
        "input.\n"
    )


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\tb"])
def test_control_characters_of_a_line_do_not_reach_the_terminal(name: str) -> None:
    result = agents_test("local", "syslog", "-", samples=name)

    assert "\x1b" not in result.stdout
    assert "\t" not in result.stdout
