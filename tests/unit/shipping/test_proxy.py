"""Which proxy is in front of a target, by the variables of the environment."""

import pytest

from logops.shipping.errors import ShippingError
from logops.shipping.proxy import proxy_of

HOST = "loki.example.com"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_target_without_variables_has_no_proxy() -> None:
    assert proxy_of(f"https://{HOST}/x") is None


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("http://proxy:3128", "proxy:3128"),
        ("proxy:3128", "proxy:3128"),
        ("http://proxy", "proxy:8080"),
        ("http://ann:s3cret@proxy:3128/", "proxy:3128"),
    ],
)
def test_proxy_is_read_with_its_port(value: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert str(proxy_of(f"https://{HOST}/x")) == proxy


def test_password_of_a_proxy_is_decoded_and_not_in_its_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:s%40cret@proxy:3128")
    proxy = proxy_of(f"https://{HOST}/x")
    assert proxy is not None
    assert proxy.headers == {"Proxy-Authorization": "Basic YW5uOnNAY3JldA=="}
    assert "s@cret" not in repr(proxy)


def test_proxy_for_https_is_not_used_for_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert proxy_of(f"http://{HOST}/x") is None


@pytest.mark.parametrize("no_proxy", [HOST, ".example.com", "example.com", "*", f"other,{HOST}:3100"])
def test_target_in_no_proxy_has_no_proxy(no_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_of(f"http://{HOST}:3100/x") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_target_on_this_machine_has_no_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    assert proxy_of(f"http://{host}:3100/x") is None


@pytest.mark.parametrize("value", ["https://ann:s3cret@proxy", "socks5://proxy:1080"])
def test_proxy_that_does_not_speak_plain_http_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(ShippingError) as error:
        proxy_of(f"https://{HOST}/x")
    assert str(error.value) == (
        f"Reading the proxy for https://{HOST}/x from HTTPS_PROXY: only proxies that speak plain HTTP are supported. "
        "Write http://HOST:PORT, or add the target's host to NO_PROXY."
    )


def test_port_of_a_proxy_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:web")
    with pytest.raises(ShippingError, match=r"from HTTPS_PROXY: .* Write http://HOST:PORT"):
        proxy_of(f"https://{HOST}/x")
