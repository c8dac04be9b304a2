"""Work kept between the steps of an audit."""

from pathlib import Path

import pytest

from logops.audit.judge.batch_result import BatchResult
from logops.audit.judge.table_stats import Fault
from logops.audit.work_dir import WorkDir, WorkLostError

PART = BatchResult(days=(1, 2), faults=(Fault("chunk-missing", "loki_index_1", 1, "t", 2, 3, 4.5, ("a", "b")),))


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    place = WorkDir(str(tmp_path))
    place.write("parts/1.json", BatchResult, PART)
    assert place.read("parts/1.json", BatchResult) == PART
    assert place.names("parts") == ["parts/1.json"]


def test_what_was_never_kept_is_lost_and_says_where(tmp_path: Path) -> None:
    with pytest.raises(WorkLostError, match=r"reading parts/1\.json .*FileNotFoundError"):
        WorkDir(str(tmp_path)).read("parts/1.json", BatchResult)


def test_half_a_file_is_lost(tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text('{"days": [1, 2')
    with pytest.raises(WorkLostError, match="ValidationError"):
        WorkDir(str(tmp_path)).read("part.json", BatchResult)


def test_nothing_is_left_of_what_is_discarded_and_discarding_nothing_is_fine(tmp_path: Path) -> None:
    place = WorkDir(str(tmp_path / "work"))
    place.write("parts/1.json", BatchResult, PART)
    place.discard()
    place.discard()
    assert list(tmp_path.iterdir()) == []
    assert place.names("parts") == []
