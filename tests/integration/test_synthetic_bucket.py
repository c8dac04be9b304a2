"""An audit of a synthetic bucket, from an inventory and index files that Loki's own builder wrote."""

import json
from pathlib import Path

from benchmarks import synthetic, whole_audit


def test_audit_reports_exactly_planted_faults_by_name(tmp_path: Path) -> None:
    synthetic.make(tmp_path, 150_000)

    found = whole_audit.ours(tmp_path)["found"]

    whole_audit.check(found, json.loads((tmp_path / "planted.json").read_text()))
