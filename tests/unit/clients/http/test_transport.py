"""Tests of the transport: headers, credentials, proxy, certificates, failures."""

from pathlib import Path

import pytest
import requests

from logops.clients.http.request import Failure, FailureKind, Request
from logops.clients.http.transport import Transport, classify
from logops.clients.loki import LokiClient
from tests.unit.clients.scripted import Script


def test_tenant_is_sent_as_org_id_header(script: Script) -> None:
    script.say(200, '{"status":"success"}')

    LokiClient("http://loki.example:3100/").labels("team-a", 1, 2)

    assert script.asked[0].headers["X-Scope-OrgID"] == "team-a"
    assert str(script.asked[0].url).startswith("http://loki.example:3100/loki/api/v1/labels?")


def test_request_without_tenant_has_no_org_id_header(script: Script) -> None:
    script.say(200, '{"status":"success"}')

    LokiClient("http://loki.example:3100").labels("", 1, 2)

    assert "X-Scope-OrgID" not in script.asked[0].headers


def test_a_password_in_netrc_is_not_sent(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine loki.example login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    script.say(200, '{"status":"success"}')

    LokiClient("http://loki.example:3100").labels("t", 1, 2)

    assert "Authorization" not in script.asked[0].headers


@pytest.mark.parametrize(("host", "proxied"), [("127.0.0.1", False), ("localhost", False), ("loki.example", True)])
def test_proxy_is_used_except_for_localhost(host: str, proxied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[bool] = []

    def send(_: object, request: object, **options: dict[str, str]) -> None:
        used.append(bool(options["proxies"]))
        raise StopIteration

    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:8080")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)

    with pytest.raises(StopIteration):
        LokiClient(f"http://{host}:3100").ready()
    assert used == [proxied]


def test_verify_false_overrides_ca_bundle_of_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def send(_: object, request: object, **options: object) -> None:
        seen.append(options["verify"])
        raise StopIteration

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/somewhere/ca.pem")
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)

    with pytest.raises(StopIteration):
        LokiClient("https://loki.example", verify=False).ready()
    assert seen == [False]


def errors_of(kind: type[requests.RequestException]) -> list[type[requests.RequestException]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in errors_of(child))]


@pytest.mark.parametrize("kind", errors_of(requests.RequestException))
def test_every_requests_error_becomes_a_failure(script: Script, kind: type[requests.RequestException]) -> None:
    script.fail(requests.JSONDecodeError("no", "", 0) if kind is requests.JSONDecodeError else kind("no"))

    assert isinstance(Transport("http://loki.example:3100").send(Request("reading", "/x")), Failure)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectTimeout(), FailureKind.CONNECT_TIMEOUT),
        (requests.ConnectionError(), FailureKind.CONNECTION),
        (requests.exceptions.SSLError(), FailureKind.CONNECTION),
        (requests.ReadTimeout(), FailureKind.READ_TIMEOUT),
        (requests.exceptions.ChunkedEncodingError(), FailureKind.CONNECTION),
        (requests.exceptions.ContentDecodingError(), FailureKind.UNUSABLE),
    ],
)
def test_requests_error_becomes_failure_of_matching_kind(error: requests.RequestException, kind: FailureKind) -> None:
    assert classify(error)[0] is kind


def test_failure_keeps_operating_system_error_text() -> None:
    refused = requests.ConnectionError("a long story with the address in it three times")
    refused.__cause__ = ConnectionRefusedError(111, "Connection refused")

    assert classify(refused) == (FailureKind.CONNECTION, "Connection refused")
