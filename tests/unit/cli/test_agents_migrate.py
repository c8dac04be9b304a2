"""Tests of `logops agents migrate`: what goes to stdout, stderr and files, and the exit status."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from logops.cli.output.console import BAD_INPUT, FOUND, OK
from logops.cli.root import app

STORY = Path(__file__).parents[2] / "data/story"
COMPLETE = """\
scrape_configs:
- job_name: app
  static_configs:
  - labels: {job: app, __path__: /a.log}
"""


def migrate(*arguments: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(app, ["agents", "migrate", *map(str, arguments)], input=text)


def test_complete_file_is_printed_as_yaml_and_succeeds() -> None:
    result = migrate("-", text=COMPLETE)

    assert result.exit_code == OK
    assert yaml.safe_load(result.stdout) == {
        "sources": {
            "app": {
                "kind": "file",
                "paths": ["/a.log"],
                "cluster": "main",
                "tenant": "application",
                "labels": {"job": "app"},
            }
        },
        "agents": {"nodes": {"kind": "alloy", "sources": ["app"]}},
    }
    assert result.stderr.startswith("\n1 source\nNext: paste the sources and the agent into an environment file")


def test_key_that_is_not_carried_over_is_printed_with_its_line_and_fails() -> None:
    result = migrate("-", text=f"{COMPLETE}  encoding: utf-16\n")

    assert result.exit_code == FOUND
    assert (
        "standard input:5: not carried over: scrape_configs[0].encoding: an environment has no such key, or not with "
        "this value\n" in result.stderr
    )


def test_folder_gets_the_sources_and_the_configuration_of_alloy(tmp_path: Path) -> None:
    result = migrate(STORY / "promtail-config.yaml", "--to", tmp_path)

    assert result.stdout == ""
    assert set(yaml.safe_load((tmp_path / "sources.yaml").read_text())) == {"sources", "agents"}
    assert 'loki.process "application"' in (tmp_path / "nodes.alloy").read_text()
    assert f"Written: {tmp_path}/sources.yaml, {tmp_path}/nodes.alloy\n" in result.stderr


def test_migrated_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("edited by hand")
    result = migrate(STORY / "promtail-config.yaml", "--to", tmp_path)

    assert result.exit_code == BAD_INPUT
    assert result.stderr == (
        f"Writing {tmp_path}/sources.yaml: it exists already. Remove it, or name another folder with --to.\n"
    )


def test_json_has_sources_agents_alloy_and_notes() -> None:
    result = migrate(STORY / "promtail-config.yaml", "--json")
    data = json.loads(result.stdout)

    assert list(data) == ["sources", "agents", "alloy", "notes"]
    assert data["notes"][0] == {
        "kind": "left-to-you",
        "line": 11,
        "path": "clients[0].tenant_id",
        "text": "name the tenant with --tenant: ${TENANT_ID} is known only where Promtail runs",
    }


def test_secret_is_printed_nowhere(tmp_path: Path) -> None:
    config = (
        "clients:\n- url: https://user:secret-1@loki/loki/api/v1/push\n"
        "  basic_auth: {username: u, password: secret-2}\n"
        "  headers: {Authorization: secret-3}\n  tls_config: {key: secret-4}\n"
        "- url: https://user:secret-5@other/loki/api/v1/push\n  bearer_token: secret-6\n"
    )
    result = migrate("-", "--to", tmp_path, text=config + COMPLETE)
    written = "".join(path.read_text() for path in tmp_path.iterdir())
    as_json = migrate("-", "--json", text=config + COMPLETE)

    assert "secret-" not in result.output + written + as_json.output
    assert "connection: loki_password" in written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Reading standard input, line 1: the file is empty. Accepted: Promtail's configuration"),
        ("a: 1\nb: [\n", "Reading standard input, line 3: not readable as YAML"),
    ],
)
def test_file_that_cannot_be_used_is_refused_with_its_line(text: str, message: str) -> None:
    result = migrate("-", text=text)

    assert (result.exit_code, result.stdout) == (BAD_INPUT, "")
    assert result.stderr.startswith(message)


def test_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    result = migrate(tmp_path / "none.yaml")

    assert result.exit_code == BAD_INPUT
    assert result.stderr == (
        f"Reading {tmp_path}/none.yaml: No such file or directory. Name a file with a configuration of Promtail, or - "
        "for standard input.\n"
    )
