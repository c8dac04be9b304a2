"""Airflow connections to the clusters of an environment."""

import json
from typing import Any
from urllib.parse import urlsplit

from logops.platforms.platform import DeployablePlatform


def connections(platform: DeployablePlatform) -> list[dict[str, Any]]:
    """Return one connection per cluster, `loki_CLUSTER`, to its read address as its first tenant, in the format of the
    API."""
    definitions = []
    for name, cluster in platform.environment.clusters.items():
        address = urlsplit(platform.read_url(name))
        definitions.append(
            {
                "connection_id": f"loki_{name}".replace("-", "_"),
                "conn_type": "loki",
                "description": f"Cluster {name} of the environment {platform.environment.name}. Written by `make up`.",
                "host": address.hostname,
                "port": address.port,
                "schema": address.scheme,
                "extra": json.dumps({"tenant": next(iter(cluster.tenants))}),
            }
        )
    return definitions
