"""The work directory, which keeps intermediate results between the steps of an audit."""

from pathlib import Path

import pytest

from logops.audit.judge.batch_result import BatchResult
from logops.audit.judge.table_stats import Fault
from logops.audit.work_dir import WorkDir, WorkLostError

PART = BatchResult(days=(1, 2), faults=(Fault("chunk-missing", "loki_index_1", 1, "t", 2, 3, 4.5, ("a", "b")),))


def test_written_work_file_is_listed_and_read_back(tmp_path: Path) -> None:
    place = WorkDir(str(tmp_path))
    place.write("parts/1.json", BatchResult, PART)
    assert place.read("parts/1.json", BatchResult) == PART
    assert place.names("parts") == ["parts/1.json"]


def test_read_of_missing_work_file_raises_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(WorkLostError, match=r"reading parts/1\.json .*FileNotFoundError"):
        WorkDir(str(tmp_path)).read("parts/1.json", BatchResult)


def test_read_of_truncated_work_file_raises(tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text('{"days": [1, 2')
    with pytest.raises(WorkLostError, match="ValidationError"):
        WorkDir(str(tmp_path)).read("part.json", BatchResult)


def test_discard_removes_all_work_files_and_can_be_repeated(tmp_path: Path) -> None:
    place = WorkDir(str(tmp_path / "work"))
    place.write("parts/1.json", BatchResult, PART)
    place.discard()
    place.discard()
    assert list(tmp_path.iterdir()) == []
    assert place.names("parts") == []
