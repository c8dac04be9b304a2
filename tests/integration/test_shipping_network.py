"""The way to the target: TLS with a certificate of one's own, and a company's proxy."""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from logops.shipping import Record, Shipper, Target
from tests.support.certificates import self_signed
from tests.support.forward_proxy import ForwardProxy
from tests.support.log_receiver import LogReceiver

TIMEOUT_S = 30
HOST = "loki.example.com"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path, HOST)


@pytest.fixture
def tls_receiver(certificate: tuple[Path, Path]) -> Iterator[LogReceiver]:
    with LogReceiver(certificate=certificate) as receiver:
        yield receiver


@pytest.fixture
def receiver() -> Iterator[LogReceiver]:
    with LogReceiver() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test must not depend on the proxies of the machine."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def ship(target: Target) -> None:
    """Ship one line, and wait until it has arrived."""
    shipper = Shipper(target)
    shipper.put(Record(1, "hello", (("service", "shop"),), ()))
    assert shipper.flush(TIMEOUT_S)
    shipper.close()


def first_message(target: Target) -> str:
    """Ship one line to a target that cannot be reached. Return the first message for people."""
    messages: Queue[str] = Queue()
    shipper = Shipper(target, say=messages.put)
    shipper.put(Record(1, "hello", (("service", "shop"),), ()))
    try:
        return messages.get(timeout=TIMEOUT_S)
    finally:
        shipper.close(0.0)


def test_line_arrives_over_tls_with_a_certificate_of_ones_own(
    tls_receiver: LogReceiver, certificate: tuple[Path, Path]
) -> None:
    ship(Target(tls_receiver.url, ca_file=str(certificate[0])))
    assert tls_receiver.lines == ["hello"]


def test_certificate_of_an_unknown_authority_is_not_accepted_and_said(tls_receiver: LogReceiver) -> None:
    assert first_message(Target(tls_receiver.url)) == (
        f"Shipping logs to {tls_receiver.url}/loki/api/v1/push: no answer: the certificate is not accepted: "
        "self-signed certificate. The records wait, and are sent again."
    )
    assert tls_receiver.lines == []


def test_any_certificate_is_accepted_without_verify(tls_receiver: LogReceiver) -> None:
    ship(Target(tls_receiver.url, verify=False))
    assert tls_receiver.lines == ["hello"]


def test_line_for_a_tls_target_goes_through_a_tunnel_of_the_proxy(
    tls_receiver: LogReceiver, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(tls_receiver.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        ship(Target(f"https://{HOST}", ca_file=str(certificate[0])))
    assert proxy.requested == [f"CONNECT {HOST}:443"]
    assert tls_receiver.lines == ["hello"]


def test_credential_of_the_target_is_not_shown_to_the_proxy(
    tls_receiver: LogReceiver, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(tls_receiver.port, "ann:s3cret") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:s3cret@{proxy.address}")
        ship(Target(f"https://{HOST}", ca_file=str(certificate[0])))
    assert "proxy-authorization" not in tls_receiver.pushes[0].headers


def test_line_for_a_plain_target_goes_through_the_proxy(receiver: LogReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with ForwardProxy(receiver.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        ship(Target(f"http://{HOST}:3100"))
    assert proxy.requested == [f"POST http://{HOST}:3100/loki/api/v1/push"]
    assert receiver.lines == ["hello"]


def test_proxy_that_wants_a_password_is_named_without_the_password(
    tls_receiver: LogReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(tls_receiver.port, "ann:s3cret") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:wr0ng@{proxy.address}")
        message = first_message(Target(f"https://{HOST}", verify=False))
    assert message == (
        f"Shipping logs to https://{HOST}/loki/api/v1/push: no answer: Tunnel connection failed: 407 Proxy "
        f"Authentication Required (through the proxy {proxy.address}). The records wait, and are sent again."
    )


def test_target_on_this_machine_is_reached_directly(receiver: LogReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with ForwardProxy(receiver.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        ship(Target(receiver.url))
    assert (proxy.requested, receiver.lines) == ([], ["hello"])
