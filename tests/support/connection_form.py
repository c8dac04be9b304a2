"""The form of a connection in Airflow's UI."""

from collections.abc import Mapping
from typing import Any

from logops.quickstart.airflow_api import AirflowApi


def press_test_button(airflow: AirflowApi, connection: Mapping[str, Any]) -> tuple[bool, str]:
    """Test a connection as the form does. Return whether it works, and the message."""
    answer = airflow.post("/api/v2/connections/test", "testing a connection", connection)
    return bool(answer["status"]), str(answer["message"])
