"""Airflow connections to the clusters of an environment, and the components of its processes."""

import json
from pathlib import Path

import pytest

from logops.platforms import open_local
from logops.platforms.platform import component_of
from logops.quickstart.connections import connections
from tests.support.environments import environment


def test_each_cluster_has_a_connection_to_its_read_url(tmp_path: Path) -> None:
    platform = open_local(environment("local"), tmp_path)

    main, security = connections(platform)

    assert (main["connection_id"], main["conn_type"], main["host"]) == ("loki_main", "loki", "127.0.0.1")
    assert f"{main['schema']}://{main['host']}:{main['port']}" == platform.read_url("main")
    assert security["connection_id"] == "loki_security"
    assert json.loads(security["extra"]) == {"tenant": "security-team"}


@pytest.mark.parametrize(
    ("process", "component"),
    [("main-ingester-2", "ingester"), ("main-query-frontend-0", "query-frontend"), ("main-all-0", "all")],
)
def test_component_is_read_from_process_name(process: str, component: str) -> None:
    assert component_of(process, "main") == component
