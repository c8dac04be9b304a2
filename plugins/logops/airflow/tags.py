"""The tags of DAGs, by which people find them."""

from enum import StrEnum


class Tag(StrEnum):
    """A tag with one meaning."""

    ROLLOUT = "rollout"
    """Changes the running system."""
    LOKI = "loki"
    """Works on Loki or on its data: every DAG of logops."""
    AUDIT = "audit"
    """Reads stored data and reports faults; changes nothing."""
    BENCHMARK = "benchmark"
    """Measures, and puts load on the measured system."""
    QUALITY = "quality"
    """Checks the logs that arrive, several times an hour."""
    ALERTS = "alerts"
    """Tells people what the checks found."""
    STORAGE = "storage"
    """Works on the storage accounts."""
    NIGHTLY = "nightly"
    """Runs every night, after the first rollout has succeeded."""
