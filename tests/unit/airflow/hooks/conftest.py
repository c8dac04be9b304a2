"""Fixtures for hook tests: connections from environment variables."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import airflow_home  # noqa: F401

Connect = Callable[..., str]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return a function that defines an Airflow connection for the test and returns its id."""

    def define(**fields: Any) -> str:
        monkeypatch.setenv("AIRFLOW_CONN_LOKI_HERE", json.dumps({"conn_type": "loki", **fields}))
        return "loki_here"

    return define
