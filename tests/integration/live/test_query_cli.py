"""Tests of `logops query` on a running environment."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.clients.loki import Entry, LokiClient
from logops.platforms.local import LocalPlatform
from logops.toolchain import project_root
from tests.support.waiting import wait_for


@pytest.fixture
def _project(platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project whose environment is the running one."""
    root = platform.state.parents[1]
    for name in ("tools", "include/logql"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).symlink_to(project_root() / name)
    folder: Path = root / "include" / "environments"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tests.yaml").write_text(platform.environment.model_dump_json(by_alias=True, exclude_none=True))
    monkeypatch.setenv("LOGOPS_HOME", str(root))


@pytest.fixture
def _an_error(platform: LocalPlatform) -> None:
    labels = {"job": "oversight-app", "level": "error", "service": "from-a-test"}
    line = '{"timestamp":"then","message":"out of \\u001b[31mpaper","code":"E"}'
    with LokiClient(platform.write_url("main")) as client:
        client.push("application", [Entry(time.time_ns(), labels, line)])


def query(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["query", "tests", *arguments])


@pytest.mark.usefixtures("_project", "_an_error")
def test_log_lines_are_shown_without_terminal_escape_codes() -> None:
    asked = ("errors", "--param", "service=from-a-test")
    wait_for(lambda: "from-a-test" in query(*asked).stdout)
    result = query(*asked)

    assert result.exit_code == 0
    assert "then from-a-test out of  [31mpaper" in result.stdout
    assert "lines read in" in result.stderr


@pytest.mark.usefixtures("_project")
def test_metric_query_is_shown_as_table_and_as_json() -> None:
    asked = ("silence", "--param", "job=nobody")
    told = json.loads(query(*asked, "--json").stdout)

    assert [one["labels"] for one in told["series"]] == [{"job": "nobody"}]
    assert {value for _, value in told["series"][0]["points"]} == {1.0}
    assert "nobody" in query(*asked).stdout
    assert "1 series" in query(*asked).stderr


@pytest.mark.usefixtures("_project")
def test_answer_begins_with_the_description_that_says_its_unit() -> None:
    assert query("request-rate").stderr.startswith("request-rate: Requests per second, by service.\n")


@pytest.mark.usefixtures("_project")
def test_refused_query_is_reported_with_loki_message() -> None:
    result = query("errors", "--since", "900d")

    assert result.exit_code == 1
    assert "the query time range exceeds the limit" in result.stderr
