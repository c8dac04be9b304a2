"""Suites of Great Expectations over the measured values, and their pages."""

from dataclasses import replace
from pathlib import Path

from logops.quality.data_docs import write_data_docs
from tests.support.quality import STREAM, context, entry, healthy

LINE = "a line that only its readers may see"


def test_suites_fail_where_the_run_has_findings_and_pages_have_no_lines(tmp_path: Path) -> None:
    faulty = replace(
        healthy((60,) * 10 + (0,) * 20),
        unparsable=900,
        streams=[STREAM, {"job": "oversight-app"}],
        sample=[entry(LINE)],
    )

    assert write_data_docs(context(healthy()), tmp_path / "docs") == {
        "arrival": True, "shape": True, "labels": True, "pipeline": True
    }  # fmt: skip
    assert write_data_docs(context(faulty), tmp_path / "docs") == {
        "arrival": False, "shape": False, "labels": False, "pipeline": True
    }  # fmt: skip
    pages = [*(tmp_path / "docs").rglob("*.html")]
    assert len([page for page in pages if "validations" in page.parts]) == 4
    assert not any(LINE in page.read_text() for page in pages)
