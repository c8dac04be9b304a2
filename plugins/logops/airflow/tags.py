"""The words that DAGs are tagged with, so that a person finds them by what they do."""

from enum import StrEnum


class Tag(StrEnum):
    """One word, one meaning."""

    ROLLOUT = "rollout"
    """Changes what runs."""
    LOKI = "loki"
    """Talks to Loki."""
    AUDIT = "audit"
    """Reads what is stored and says what is wrong; changes nothing."""
    BENCHMARK = "benchmark"
    """Measures, and puts load on what it measures."""
    STORAGE = "storage"
    """Works on the storage accounts."""
