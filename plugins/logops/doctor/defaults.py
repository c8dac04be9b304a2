"""Loki's default values for the keys that the rules read."""

from collections.abc import Mapping
from typing import Any

LOKI_DEFAULTS: Mapping[str, Any] = {
    "auth_enabled": True,
    "common.replication_factor": 3,
    "compactor.retention_enabled": False,
    "compactor.compaction_interval": "10m",
    "compactor.retention_delete_delay": "2h",
    "ingester.lifecycler.ring.kvstore.store": "consul",
    "ingester.lifecycler.ring.kvstore.consul.host": "localhost:8500",
    "ingester.wal.enabled": True,
    "limits_config.allow_structured_metadata": True,
    "limits_config.ingestion_burst_size_mb": 6,
    "limits_config.ingestion_rate_mb": 4,
    "limits_config.max_query_lookback": "0s",
    "limits_config.per_stream_rate_limit": "3MB",
    "limits_config.per_stream_rate_limit_burst": "15MB",
    "limits_config.retention_period": "0s",
}
"""Loki 3.7.8 prints these values; an integration test compares them."""
