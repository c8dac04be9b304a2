"""Tests of errors: every failure is a LokiError that names the operation and shows no secret."""

import traceback

import pytest

from logops.clients.http.request import Failure, FailureKind
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
    requests,
)
from logops.clients.loki.errors import failed
from tests.unit.clients.scripted import Script

PASSWORD = "c0rrect-horse"


def client(**options: object) -> LokiClient:
    return LokiClient("http://loki.example:3100", retry_for=0, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FailureKind.CONNECT_TIMEOUT, LokiUnreachableError),
        (FailureKind.CONNECTION, LokiUnreachableError),
        (FailureKind.READ_TIMEOUT, LokiTimeoutError),
        (FailureKind.UNUSABLE, LokiAnswerError),
    ],
)
def test_failure_of_each_kind_becomes_its_loki_error(kind: FailureKind, error: type[LokiError]) -> None:
    assert type(failed(Failure(requests.ring(Ring.INGESTER), "http://loki:3100", kind, "no"))) is error


def test_lost_connection_is_reported_with_address_and_operating_system_text() -> None:
    failure = Failure(requests.ring(Ring.INGESTER), "http://loki:3100", FailureKind.CONNECTION, "Connection refused")

    assert (
        str(failed(failure))
        == "reading the ingester ring at http://loki:3100/ring: Connection refused. Is Loki running there?"
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


@pytest.mark.parametrize("token", [f"{PASSWORD}\n", f"{PASSWORD}ü"])
def test_token_that_no_header_can_contain_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(LokiError, match="the token contains a line break or a letter outside ASCII") as refused:
        client(auth=BearerToken(token))
    assert PASSWORD not in "".join(traceback.format_exception(refused.value))
