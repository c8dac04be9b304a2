"""Fixture that replaces the network with scripted answers."""

from collections.abc import Callable

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.unit.clients.scripted import Script


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    script = Script()

    def send(_: HTTPAdapter, request: requests.PreparedRequest, **__: object) -> requests.Response:
        script.asked.append(request)
        answer = script.next()
        if isinstance(answer, requests.RequestException):
            raise answer
        answer.request, answer.url = request, str(request.url)
        return answer

    sleep: Callable[[float], None] = script.slept.append
    monkeypatch.setattr(HTTPAdapter, "send", send)
    monkeypatch.setattr("logops.clients.http.transport.time.sleep", sleep)
    return script
