"""The provider information, checked against Airflow's schemas."""

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
    """A connection's extra that records the keys that were read."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return default


def test_provider_info_matches_airflow_schema() -> None:
    rules = json.loads((AIRFLOW / "provider_info.schema.json").read_text())
    assert [error.message for error in Draft7Validator(rules).iter_errors(get_provider_info())] == []


def test_connection_type_matches_airflow_schema() -> None:
    rules = json.loads((AIRFLOW / "provider.yaml.schema.json").read_text())["properties"]["connection-types"]
    assert [error.message for error in Draft7Validator(rules).iter_errors([LOKI])] == []


def test_hook_class_name_in_provider_info_imports_loki_hook() -> None:
    assert import_string(LOKI["hook-class-name"]) is LokiHook
    assert (LOKI["connection-type"], LOKI["hook-name"]) == (LokiHook.conn_type, LokiHook.hook_name)


def test_connection_form_fields_match_extras_that_hook_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = Read()
    connection = SimpleNamespace(
        conn_id="loki", host="loki", port=None, schema=None, login=None, password=None, extra_dejson=extra
    )
    monkeypatch.setattr(LokiHook, "get_connection", lambda self, conn_id: connection)
    hook = LokiHook("loki")
    assert hook.get_conn().url == "http://loki"
    assert hook.tenant == ""
    assert extra.keys_read == set(LOKI["conn-fields"])


def test_connection_form_default_timeout_equals_hook_timeout() -> None:
    assert LOKI["conn-fields"]["timeout"]["schema"]["default"] == loki.TIMEOUT


def test_airflow_finds_provider_info_in_installed_package() -> None:
    assert ProvidersManager().providers["logops"].data["connection-types"] == [LOKI]
