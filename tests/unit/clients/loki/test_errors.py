"""Tests of errors: every failure is a LokiError that names the operation and shows no secret."""

import traceback

import pytest
import requests

from logops.clients.loki import (
    BasicAuth,
    BearerToken,
    LokiAnswerError,
    LokiClient,
    LokiError,
    LokiRefusedError,
    LokiTimeoutError,
    LokiUnreachableError,
    Ring,
)
from logops.clients.loki.errors import from_requests
from tests.unit.clients.loki.scripted import Script

PASSWORD = "c0rrect-horse"


def errors_of(kind: type[requests.RequestException]) -> list[type[requests.RequestException]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in errors_of(child))]


def client(**options: object) -> LokiClient:
    return LokiClient("http://loki.example:3100", retry_for=0, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", errors_of(requests.RequestException))
def test_every_requests_error_becomes_a_loki_error(kind: type[requests.RequestException]) -> None:
    error = requests.JSONDecodeError("no", "", 0) if kind is requests.JSONDecodeError else kind("no")

    assert isinstance(from_requests(error, "reading the ring"), LokiError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectTimeout(), LokiUnreachableError),
        (requests.ConnectionError(), LokiUnreachableError),
        (requests.exceptions.SSLError(), LokiUnreachableError),
        (requests.ReadTimeout(), LokiTimeoutError),
        (requests.exceptions.ChunkedEncodingError(), LokiUnreachableError),
        (requests.exceptions.ContentDecodingError(), LokiAnswerError),
    ],
)
def test_requests_error_becomes_matching_loki_error(error: requests.RequestException, kind: type[LokiError]) -> None:
    assert type(from_requests(error, "reading the ring")) is kind


def test_message_keeps_operating_system_error_text() -> None:
    refused = requests.ConnectionError("a long story with the address in it three times")
    refused.__cause__ = ConnectionRefusedError(111, "Connection refused")

    assert (
        str(from_requests(refused, "reading the ring"))
        == "reading the ring: Connection refused. Is Loki running there?"
    )


def test_refusal_names_query_url_tenant_and_loki_message(script: Script) -> None:
    script.say(400, "parse error at line 1, col 6: unexpected $end", "text/plain")

    with pytest.raises(LokiRefusedError) as refused:
        client().query_logs("team-a", "{job=", 1, 2)

    assert str(refused.value) == (
        "running {job= at http://loki.example:3100/loki/api/v1/query_range as tenant team-a: "
        "Loki answered 400: parse error at line 1, col 6: unexpected $end"
    )
    assert refused.value.reason == "parse error at line 1, col 6: unexpected $end"


def test_refusal_reason_is_the_message_of_the_json_error(script: Script) -> None:
    script.say(422, '{"code":422,"message":"limit exceeded","status":"error"}')

    with pytest.raises(LokiRefusedError) as refused:
        client().labels("t", 1, 2)
    assert refused.value.reason == "limit exceeded"


def test_html_in_place_of_json_raises(script: Script) -> None:
    script.say(200, "<html>\n  <h1>Sign in</h1></html>", "text/html")

    with pytest.raises(LokiAnswerError, match="expected JSON, got text/html: <html> <h1>Sign in</h1></html>"):
        client().ring(Ring.RULER)


def test_json_of_unexpected_shape_raises(script: Script) -> None:
    script.say(200, '{"status":"success","data":{"resultType":"streams","result":[{"values":[["1","x"]]}]}}')

    with pytest.raises(LokiAnswerError, match="as tenant t: not the JSON that Loki gives there"):
        client().query_logs("t", '{job="x"}', 1, 2)


def test_a_redirect_is_refused_not_followed(script: Script) -> None:
    script.say(302, "", "text/html", Location="https://elsewhere.example/")

    with pytest.raises(LokiRefusedError, match="Redirects are not followed"):
        client().labels("t", 1, 2)
    assert len(script.asked) == 1


@pytest.mark.parametrize("auth", [BasicAuth("logops", PASSWORD), BearerToken(PASSWORD)])
def test_secret_is_sent_but_not_shown_in_repr_or_traceback(script: Script, auth: BasicAuth | BearerToken) -> None:
    script.say(401, "no", "text/plain")

    with pytest.raises(LokiRefusedError) as refused:
        client(auth=auth).labels("t", 1, 2)

    sent = script.asked[0].headers["Authorization"]
    assert sent == auth.header
    shown = repr(auth) + "".join(traceback.format_exception(refused.value))
    assert PASSWORD not in shown
    assert sent.split()[1] not in shown


def test_url_with_password_is_refused_without_showing_the_password() -> None:
    with pytest.raises(LokiError, match="has credentials in it") as refused:
        LokiClient(f"http://logops:{PASSWORD}@loki.example:3100")
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("url", ["loki:3100", "ftp://loki", "http://", "http://loki/?a=b"])
def test_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(LokiError, match="Loki address"):
        LokiClient(url)
