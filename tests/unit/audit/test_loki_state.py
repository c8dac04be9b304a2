"""Tests of what the audits read from the metrics of Loki's processes."""

import pytest

from logops.audit.survey.loki_state import _compactor
from logops.clients.loki.metrics import Metric


@pytest.mark.parametrize("prefix", ["loki_boltdb_shipper_", "loki_tsdb_shipper_"], ids=["Loki 3", "Loki 4"])
def test_compactor_is_read_from_the_metrics_of_both_versions(prefix: str) -> None:
    values = {
        "compactor_running": 1.0,
        "compact_tables_operation_last_successful_run_timestamp_seconds": 2.0,
        "retention_sweeper_marker_files_current": 3.0,
        "retention_sweeper_marker_file_processing_current_time": 4.0,
    }
    compactor = _compactor("compactor-0", [Metric(f"{prefix}{name}", {}, value) for name, value in values.items()])

    assert (compactor.running, compactor.compacted) == (True, 2.0)
    assert (compactor.marker_files, compactor.marker_time) == (3, 4.0)
