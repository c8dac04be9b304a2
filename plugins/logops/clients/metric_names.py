"""Names of Loki's metrics that differ between versions."""

LOKI_3_SHIPPER, LOKI_4_SHIPPER = "loki_boltdb_shipper_", "loki_tsdb_shipper_"
"""Prefixes of the compactor's metrics. Loki 4 renames them (grafana/loki, pull request 25345)."""
