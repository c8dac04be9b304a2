"""A Loki that writes old lines into a cluster's container, beside the cluster.

The cluster's own ingesters would keep months of lines in memory and in their write-ahead logs, and would store them a
second time when they restart. This process has no write-ahead log. It stores its chunks when it is asked to, and its
index when it stops.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from logops.clients.loki import LokiClient
from logops.render.addresses import local_addresses
from logops.render.loki import loki_config
from logops.render.topology import HOST, Topology
from logops.rules.own_loki import running_loki

_STOP_SECONDS = 120.0
"""It stores its last chunks and its index first."""


@contextmanager
def history_writer(
    topology: Topology, cluster: str, command: Sequence[str], keys: Mapping[str, str]
) -> Iterator[LokiClient]:
    """Run the writer. Its lines are stored when the block ends. Raises OwnLokiError if it does not become ready.

    command   of Loki
    keys      the storage accounts' keys by variable
    """
    name = f"{cluster}-history"
    folder = topology.data(name)
    folder.mkdir(parents=True, exist_ok=True)
    variables = {
        **keys,
        # If this program is killed, the platform ends the process with its other orphans.
        "LOGOPS_STATE": str(topology.state),
        "LOGOPS_PROCESS": name,
        "LOGOPS_PROGRAM": "loki",
        "LOGOPS_COMPONENT": "ingester",
    }
    config = history_writer_config(topology, cluster, folder)
    with running_loki(folder, config, command, "write", variables, _STOP_SECONDS) as client:
        yield client


def history_writer_config(topology: Topology, cluster: str, folder: Path) -> dict[str, Any]:
    """Return a configuration with the cluster's storage, schema and limits, for lines of any age."""
    config = loki_config(topology.environment.clusters[cluster], local_addresses(topology, cluster), cluster)
    shipper = {"active_index_directory": str(folder / "index"), "cache_location": str(folder / "cache")}
    return {
        "auth_enabled": config["auth_enabled"],
        "server": {"http_listen_address": HOST, "grpc_listen_address": HOST, "log_level": "warn"},
        "common": {
            "instance_addr": HOST,
            "path_prefix": str(folder),
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
        },
        "schema_config": config["schema_config"],
        "storage_config": {**config["storage_config"], "tsdb_shipper": shipper},
        "ingester": {
            "chunk_target_size": config["ingester"]["chunk_target_size"],
            "chunk_encoding": config["ingester"]["chunk_encoding"],
            "chunk_retain_period": "0s",
            "lifecycler": {"min_ready_duration": "0s"},
            "wal": {"enabled": False},
        },
        "limits_config": {**config["limits_config"], "reject_old_samples": False},
        "analytics": {"reporting_enabled": False},
    }
