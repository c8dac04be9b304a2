import subprocess
import sys
from pathlib import Path

import pytest

from logops.findings import FindingClass, Severity
from logops.findings.classes import REGISTRY
from logops.findings.document import PATH, document, main

LOST = FindingClass("line-lost", Severity.CRITICAL, "A line is gone.", "It was acknowledged.", "Restore it.")
LATE = FindingClass("line-late", Severity.INFO, "A line is late.", "It may be missed.", "Wait.")


def test_the_committed_document_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_every_registered_class_has_an_entry_and_a_line_in_the_contents() -> None:
    text = PATH.read_text()

    assert [name for name in REGISTRY if f"\n### {name}\n" not in text or f"](#{name})" not in text] == []


def test_entry_has_severity_meaning_why_and_remedy() -> None:
    entry = document({"Lines": (LOST,)}).split("### line-lost\n", 1)[1]

    for text in ("**critical**", "A line is gone.", "It was acknowledged.", "Restore it."):
        assert text in entry


def test_classes_are_sorted_in_their_group_and_empty_group_is_omitted() -> None:
    text = document({"Lines": (LOST, LATE), "Nothing yet": ()})

    assert text.index("### line-late") < text.index("### line-lost")
    assert "Nothing yet" not in text


def test_check_of_stale_document_shows_diff_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "docs" / "findings.md"
    assert main([], path) == 0
    assert main(["--check"], path) == 0
    path.write_text(path.read_text().replace("### check-incomplete", "### check-complete"))
    stale = path.read_text()

    assert main(["--check"], path) == 1

    said = capsys.readouterr()
    assert "+### check-incomplete" in said.out
    assert "python -m logops.findings.document" in said.err
    assert path.read_text() == stale


def test_check_of_missing_document_fails(tmp_path: Path) -> None:
    assert main(["--check"], tmp_path / "findings.md") == 1


def test_history_and_document_import_no_heavy_package() -> None:
    heavy = ("pyarrow", "duckdb", "fsspec", "pandas", "azure", "pydantic")
    code = (
        "import sys, logops.findings.history, logops.findings.document;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_python_path()
    )

    assert answer.stdout.strip() == "[]"


def _python_path() -> dict[str, str]:
    return {"PYTHONPATH": str(PATH.parents[1] / "plugins")}


@pytest.mark.parametrize("severity", Severity)
def test_severity_is_explained_with_words_of_the_model(severity: Severity) -> None:
    assert f"\n- **{severity}**: {severity.meaning}\n" in document({})
