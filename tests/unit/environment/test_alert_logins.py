"""The login to an Alertmanager in an environment file."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.environments import environment

URLS = {"urls": ["http://alerts.example.com"]}
BASIC = {"basic_auth": {"username": "logops", "password": {"env": "ALERTS_LOGIN"}}}
BEARER = {"bearer_token": {"env": "ALERTS_LOGIN"}}


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({**URLS, **BASIC, **BEARER}, "bearer_token: set basic_auth or bearer_token, not both"),
        (BASIC, "urls: a login needs the address of the proxy that asks for it"),
        (
            {**URLS, **BEARER},
            "clusters.main.ruler.alertmanager_url: the rulers of Loki do not log in to the Alertmanagers of "
            "alerts.standard. Name an address that asks them for no login",
        ),
    ],
)
def test_login_that_would_not_be_used_is_refused(declared: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        environment("local", ("alerts.standard", declared))

    assert problem in str(refused.value)


def test_login_with_an_address_for_rulers_is_accepted() -> None:
    ruler = ("clusters.main.ruler.alertmanager_url", "http://alertmanager:9093")

    assert environment("local", ("alerts.standard", {**URLS, **BASIC}), ruler).alerts.standard.basic_auth
