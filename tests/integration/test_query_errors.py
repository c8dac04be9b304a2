"""Tests of `logops query`: errors of Loki are shown, and invalid queries are not sent."""

import re
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from logops.cli import app
from logops.cli import query as query_cli
from logops.clients.loki import LokiClient
from tests.support import sample_hour
from tests.support.http_servers import Recording, http_server
from tests.support.lokis import running_loki

AT = "2026-08-31T15:55:00"
TENANTS = SimpleNamespace(tenants=("application",))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LokiClient]:
    """A Loki with a query timeout of one millisecond."""
    with running_loki(tmp_path_factory.mktemp("loki"), {"application": {"query_timeout": "1ms"}}) as client:
        sample_hour.push(client)
        yield client


@pytest.fixture
def counted() -> Iterator[Recording]:
    """A server that records its requests and answers 404."""
    with http_server([(404, b"")]) as server:
        yield server


def ask(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> Result:
    where = SimpleNamespace(environment=SimpleNamespace(clusters={"main": TENANTS}), read_url=lambda _: url)
    monkeypatch.setattr(query_cli, "readable", lambda _: where)
    monkeypatch.setattr(query_cli, "LokiClient", partial(LokiClient, retry_for=0))
    return CliRunner().invoke(app, ["query", *arguments, "--at", AT])


def test_query_timeout_is_reported_with_loki_message(hasty: LokiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ask(monkeypatch, hasty.url, "latency", "--since", "10m")

    assert result.exit_code == 1
    # The message depends on the part of Loki in which the time ran out.
    assert re.search(
        "Loki answered 50[04]: .*(request timed out, decrease the duration|context deadline exceeded)", result.stderr
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("errors", "--param", "service=("),
        ("latency", "--param", "window=soon"),
        ("trace",),
        ("nonsense",),
    ],
)
def test_invalid_query_is_not_sent_to_loki(
    counted: Recording, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    result = ask(monkeypatch, counted.url, *arguments)

    assert result.exit_code == 2
    assert counted.received == []
    # Control: the same address does record a valid query.
    assert ask(monkeypatch, counted.url, "errors").exit_code == 1
    assert len(counted.received) > 0


def test_parameter_with_logql_syntax_is_sent_as_text(counted: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(monkeypatch, counted.url, "trace", "--param", 'trace_id=x" or trace_id=~".+')

    assert "%60x%22+or+trace_id%3D~%22.%2B%60" in counted.received[0].target
