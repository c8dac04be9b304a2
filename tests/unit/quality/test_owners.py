"""Findings about sources name the owners of these sources."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from logops.findings import Finding
from logops.findings.classes.quality import CLASSES
from logops.quality.counters import Counter
from logops.quality.measured import SourceMeasure
from tests.support.quality import AS_OF, STREAM, entry, findings, healthy

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""
STARTED = AS_OF.timestamp() - 86_400
OF_NO_SOURCE = "canary-missing"


def of_measure(measure: SourceMeasure, *changes: tuple[str, object]) -> list[Finding]:
    return findings(measure, *changes)


def of_counter(process: str, name: str, value: float, **labels: str) -> list[Finding]:
    """Return the findings of a run in which a counter grew from 0."""
    alive = Counter("main", process, STARTED, "process_start_time_seconds", (), STARTED)
    counter = Counter("main", process, STARTED, name, tuple(sorted(labels.items())), value)
    return findings(healthy(), counters=[alive, counter], earlier=[alive])


copies = [entry('{"n": 1}', second) for second in range(9)]
FAULTS: dict[str, Callable[[], list[Finding]]] = {
    "agent-down": lambda: findings(healthy(), silent_processes={"promtail-main": "connection refused."}),
    "source-silent": lambda: of_measure(healthy((60,) * 10 + (0,) * 20)),
    "gap": lambda: of_measure(healthy((60,) * 5 + (0,) * 20 + (60,) * 5)),
    "lines-unparsable": lambda: of_measure(replace(healthy(), unparsable=900)),
    "lines-cut": lambda: of_counter(
        "promtail-main", "promtail_mutated_entries_total", 5, reason="line_too_long", tenant="application"
    ),
    "labels-unexpected": lambda: of_measure(replace(healthy(), streams=[STREAM, {"job": "oversight-app"}])),
    "samples-discarded": lambda: of_counter(
        "main-distributor-0", "loki_discarded_samples_total", 50, reason="rate_limited", tenant="application"
    ),
    "rate-out-of-band": lambda: of_measure(healthy(), ("sources.application.expect", {"rate": {"at_most": 30}})),
    "cardinality-growing": lambda: of_measure(
        replace(healthy(), streams=[{**STREAM, "user": f"{number}"} for number in range(2_000)])
    ),
    "clock-skew": lambda: of_measure(replace(healthy(), future={AS_OF.replace(minute=9): 7})),
    "duplicates": lambda: of_measure(replace(healthy(), sample=copies)),
    OF_NO_SOURCE: lambda: of_counter("canary-main", "loki_canary_missing_entries_total", 5),
    "lines-lost": lambda: of_counter(
        "promtail-main", "promtail_dropped_entries_total", 50, reason="ingester_error", tenant="application"
    ),
    "secret-in-logs": lambda: of_measure(replace(healthy(), sample=[entry(f'{{"message": "{TOKEN}"}}')])),
    "wal-pressure": lambda: of_counter("main-ingester-0", "loki_ingester_wal_disk_usage_percent", 0.95),
}
"""Class -> the findings of a run with this fault."""


def test_every_class_of_the_quality_check_has_a_case() -> None:
    assert [cls.name for cls in CLASSES if cls.name not in FAULTS] == []


@pytest.mark.parametrize("name", FAULTS)
def test_finding_of_a_source_names_its_owner(name: str) -> None:
    owners = {finding.evidence.get("owner") for finding in FAULTS[name]() if finding.cls.name == name}

    assert owners == ({None} if name == OF_NO_SOURCE else {"shop"})


def test_finding_of_a_source_without_owner_says_which_key_is_missing() -> None:
    (finding,) = findings(replace(healthy(), unparsable=900), ("sources.application.owner", None))

    assert finding.evidence["owner"] == "none (sources.application.owner is not set)"
