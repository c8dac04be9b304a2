"""LokiHook: the client that a connection gives, and the connection test."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from logops.airflow.hooks import loki
from logops.airflow.hooks.loki import ConnectionFieldsError, LokiHook

Connect = Callable[..., str]
PASSWORD = "not-to-be-seen"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments that the client was created with."""
    arguments: dict[str, Any] = {}

    def client(url: str, **options: Any) -> object:
        arguments.update(url=url, **options)
        return object()

    monkeypatch.setattr(loki, "LokiClient", client)
    return arguments


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "loki"}, "http://loki"),
        ({"host": "loki", "port": 3100}, "http://loki:3100"),
        ({"host": "logs.example.com", "schema": "https"}, "https://logs.example.com"),
        ({"host": "127.0.0.1", "port": 23113, "schema": "http"}, "http://127.0.0.1:23113"),
    ],
)
def test_connection_url_is_scheme_host_and_port(connect: Connect, made: dict[str, Any], fields: Any, url: str) -> None:
    LokiHook(connect(**fields)).get_conn()
    assert made["url"] == url


@pytest.mark.parametrize(
    ("extra", "verify", "timeout"),
    [
        ({}, True, 60.0),
        ({"verify": None, "timeout": None}, True, 60.0),
        ({"verify": False, "timeout": 5}, False, 5.0),
        ({"verify": "false", "timeout": "2.5"}, False, 2.5),
    ],
)
def test_connection_extras_set_verify_and_timeout(
    connect: Connect, made: dict[str, Any], extra: Any, verify: bool, timeout: float
) -> None:
    LokiHook(connect(host="loki", extra=extra)).get_conn()
    assert (made["verify"], made["read_timeout"]) == (verify, timeout)


def test_unknown_connection_extra_is_ignored(connect: Connect, made: dict[str, Any]) -> None:
    LokiHook(connect(host="loki", extra={"url": "http://elsewhere", "auth": "x"})).get_conn()
    assert (made["url"], made["auth"]) == ("http://loki", None)


def test_login_and_password_are_used_as_basic_authentication(connect: Connect, made: dict[str, Any]) -> None:
    LokiHook(connect(host="loki", login="ada", password=PASSWORD)).get_conn()
    assert (made["auth"].username, made["auth"].password) == ("ada", PASSWORD)


def test_hook_creates_no_client_before_get_conn(connect: Connect, made: dict[str, Any]) -> None:
    LokiHook(connect(host="loki"))
    assert made == {}


def test_hook_creates_client_once(connect: Connect, made: dict[str, Any]) -> None:
    hook = LokiHook(connect(host="loki"))
    assert hook.get_conn() is hook.get_conn()


def test_hook_tenant_overrides_connection_tenant(connect: Connect) -> None:
    connection = connect(host="loki", extra={"tenant": "application"})
    assert LokiHook(connection).tenant == "application"
    assert LokiHook(connection, tenant="platform").tenant == "platform"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "host is ''"),
        ({"host": "http://loki:3100"}, "host is 'http://loki:3100'"),
        ({"host": "loki", "schema": "ftp"}, "schema is 'ftp'; expected http or https"),
        ({"host": "loki", "extra": {"verify": "perhaps"}}, "extra.verify is 'perhaps'; expected true or false"),
        ({"host": "loki", "extra": {"timeout": "soon"}}, "extra.timeout is 'soon'"),
        ({"host": "loki", "extra": {"timeout": 0}}, "extra.timeout is 0"),
        ({"host": "loki", "extra": {"timeout": "nan"}}, "extra.timeout is 'nan'"),
    ],
)
def test_wrong_connection_field_is_reported_with_field_and_connection_id(
    connect: Connect, fields: Any, problem: str
) -> None:
    with pytest.raises(ConnectionFieldsError) as refused:
        LokiHook(connect(**fields)).get_conn()
    assert problem in str(refused.value)
    assert "'loki_here'" in str(refused.value)


def test_missing_connection_raises_airflow_not_found_exception(connect: Connect) -> None:
    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        LokiHook("nowhere").get_conn()


class Answers(BaseHTTPRequestHandler):
    """An HTTP server with the test's answer for each path."""

    message: dict[str, tuple[int, str]]

    def do_GET(self) -> None:
        status, text = self.message.get(self.path.partition("?")[0], (404, "404 page not found"))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server on a loopback port that answers like Loki 3.7.8."""
    Answers.message = {
        "/ready": (200, "ready\n"),
        "/loki/api/v1/status/buildinfo": (200, '{"version": "3.7.8", "revision": "", "goVersion": "go1.25"}'),
        "/loki/api/v1/labels": (200, '{"status": "success", "data": ["job", "level"]}'),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def at(server: ThreadingHTTPServer) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.server_port, "login": "ada", "password": PASSWORD}


def test_connection_test_reports_version_and_label_count_of_tenant(
    connect: Connect, server: ThreadingHTTPServer
) -> None:
    passed, message = LokiHook(connect(**at(server), extra={"tenant": "application"})).test_connection()
    assert passed
    assert "Loki 3.7.8" in message
    assert "Tenant application has 2 labels" in message


def test_connection_test_without_tenant_reports_no_query_was_tried(
    connect: Connect, server: ThreadingHTTPServer
) -> None:
    Answers.message.pop("/loki/api/v1/labels")
    passed, message = LokiHook(connect(**at(server))).test_connection()
    assert passed
    assert "no query was tried" in message


@pytest.mark.parametrize(
    ("path", "answer", "problem"),
    [
        ("/ready", (503, "Ingester not ready: waiting for 15s after being ready"), "waiting for 15s"),
        ("/loki/api/v1/status/buildinfo", (404, "404 page not found"), "404"),
        ("/loki/api/v1/status/buildinfo", (200, "<html>a gateway's page</html>"), "expected JSON"),
        ("/loki/api/v1/labels", (401, "no org id"), "no org id"),
    ],
)
def test_failed_connection_test_reports_problem_and_port_but_no_password(
    connect: Connect, server: ThreadingHTTPServer, path: str, answer: tuple[int, str], problem: str
) -> None:
    Answers.message[path] = answer
    passed, message = LokiHook(connect(**at(server), extra={"tenant": "application"})).test_connection()
    assert not passed
    assert problem in message
    assert str(server.server_port) in message
    assert PASSWORD not in message


def test_connection_test_fails_if_nothing_listens(connect: Connect, server: ThreadingHTTPServer) -> None:
    fields = at(server)
    server.server_close()
    passed, message = LokiHook(connect(**fields)).test_connection()
    assert not passed
    assert "Is Loki running there?" in message


def test_connection_test_reports_wrong_field_without_connection_id(connect: Connect) -> None:
    passed, message = LokiHook(connect(host="http://loki")).test_connection()
    assert not passed
    assert message.startswith("host is 'http://loki'")
