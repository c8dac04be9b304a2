"""The connection type `loki` in Airflow's UI."""

import json
from collections.abc import Callable

from logops.platforms.local import LocalPlatform
from logops.quickstart.airflow_api import AirflowApi
from logops.quickstart.connections import connections
from tests.support.connection_form import press_test_button
from tests.support.local_platforms import apply_all

Live = Callable[[str], LocalPlatform]


def test_connection_form_offers_loki_type_with_tenant_field(airflow: AirflowApi) -> None:
    types = airflow.get("/ui/connections/hook_meta", "reading connection types")

    loki = next(found for found in types if found["connection_type"] == "loki")

    assert loki["hook_name"] == "Grafana Loki"
    assert "tenant" in loki["extra_fields"]


def test_connection_test_reports_loki_version_and_tenant(airflow: AirflowApi, live: Live) -> None:
    platform = live("small")
    apply_all(platform)
    (connection,) = connections(platform)

    works, message = press_test_button(airflow, connection)

    assert works, message
    assert message.startswith("Loki 3.7.8 is ready at")
    assert json.loads(connection["extra"])["tenant"] in message


def test_connection_test_fails_with_hint_if_loki_is_not_running(airflow: AirflowApi) -> None:
    nowhere = {"connection_id": "nowhere", "conn_type": "loki", "host": "127.0.0.1", "port": 9, "schema": "http"}

    works, message = press_test_button(airflow, nowhere)

    assert not works
    assert "Is Loki running there?" in message


def test_connection_is_written_only_if_changed(airflow: AirflowApi, live: Live) -> None:
    (connection,) = connections(live("small"))

    assert airflow.put_connection(connection)
    assert not airflow.put_connection(connection)
    assert airflow.put_connection({**connection, "port": 3100})
