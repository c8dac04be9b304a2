"""The history of applied revisions."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logops.platforms.local.revisions import Revisions
from logops.platforms.platform import PlatformError, Revision, last_of_others
from logops.render import Files

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = Files({"loki/main.yaml": "a: 1\n", "processes/loki": "main-all-0 abc\n"})
SECOND = Files({"loki/main.yaml": "a: 2\n"})


@pytest.fixture
def revisions(tmp_path: Path) -> Revisions:
    return Revisions(tmp_path / "revisions")


def revision(number: int, owner: str) -> Revision:
    return Revision("loki", number, f"digest-{number}", owner, NOON)


def test_revision_returns_its_files(revisions: Revisions) -> None:
    kept = revisions.add("loki", FIRST, "run-1", NOON)
    assert revisions.files(kept) == FIRST
    assert kept.digest == FIRST.digest


def test_revisions_are_numbered_in_order(revisions: Revisions) -> None:
    for files in (FIRST, SECOND, Files({})):
        revisions.add("loki", files, "run-1", NOON)
    assert [(kept.number, kept.digest) for kept in revisions.all("loki")] == [
        (1, FIRST.digest),
        (2, SECOND.digest),
        (3, Files({}).digest),
    ]


def test_each_stage_has_its_own_history(revisions: Revisions) -> None:
    revisions.add("loki", FIRST, "run-1", NOON)
    assert revisions.all("agents") == []


def test_revision_that_cannot_be_written_leaves_no_files(tmp_path: Path) -> None:
    (tmp_path / "revisions").write_text("not a folder")
    with pytest.raises(PlatformError, match="cannot be written"):
        Revisions(tmp_path / "revisions").add("loki", FIRST, "run-1", NOON)
    assert [file.name for file in tmp_path.iterdir()] == ["revisions"]


def test_roll_back_target_is_last_revision_of_another_run() -> None:
    history = [revision(1, "run-1"), revision(2, "run-2"), revision(3, "run-2")]
    assert last_of_others(history, "run-2") == history[0]


def test_first_run_has_no_roll_back_target() -> None:
    assert last_of_others([revision(1, "run-1"), revision(2, "run-1")], "run-1") is None
