"""The provider's description, held against Airflow's own rules for it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import airflow
import pytest
from airflow.providers_manager import ProvidersManager
from airflow.sdk.module_loading import import_string
from jsonschema import Draft7Validator

from logops.airflow.hooks import loki
from logops.airflow.hooks.loki import LokiHook
from logops.airflow.provider import get_provider_info

AIRFLOW = Path(airflow.__file__).parent
(LOKI,) = get_provider_info()["connection-types"]


class Read(dict[str, Any]):
    """A connection's extra that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return default


def test_airflow_takes_the_description() -> None:
    rules = json.loads((AIRFLOW / "provider_info.schema.json").read_text())
    assert [error.message for error in Draft7Validator(rules).iter_errors(get_provider_info())] == []


def test_airflow_takes_the_connections_form() -> None:
    rules = json.loads((AIRFLOW / "provider.yaml.schema.json").read_text())["properties"]["connection-types"]
    assert [error.message for error in Draft7Validator(rules).iter_errors([LOKI])] == []


def test_the_named_hook_is_the_hook() -> None:
    assert import_string(LOKI["hook-class-name"]) is LokiHook
    assert (LOKI["connection-type"], LOKI["hook-name"]) == (LokiHook.conn_type, LokiHook.hook_name)


def test_the_form_has_a_field_for_each_extra_that_the_hook_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = Read()
    connection = SimpleNamespace(
        conn_id="loki", host="loki", port=None, schema=None, login=None, password=None, extra_dejson=extra
    )
    monkeypatch.setattr(LokiHook, "get_connection", lambda self, conn_id: connection)
    hook = LokiHook("loki")
    assert hook.get_conn().url == "http://loki"
    assert hook.tenant == ""
    assert extra.keys_read == set(LOKI["conn-fields"])


def test_the_form_promises_the_hooks_own_timeout() -> None:
    assert LOKI["conn-fields"]["timeout"]["schema"]["default"] == loki.TIMEOUT


def test_airflow_finds_the_description_in_the_installed_package() -> None:
    assert ProvidersManager().providers["logops"].data["connection-types"] == [LOKI]
