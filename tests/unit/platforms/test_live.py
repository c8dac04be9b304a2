"""The files that processes read."""

import os
from pathlib import Path

import pytest

from logops.platforms.local.live import (
    NO_OVERRIDES,
    ensure_overrides,
    outdated,
    replace_stage,
    stage_files,
    stage_sections,
)
from logops.platforms.local.section import Section

START = 1_800_000_000.0


@pytest.fixture
def live(tmp_path: Path) -> Path:
    folder = tmp_path / "live"
    folder.mkdir()
    return folder


def test_a_stage_has_its_own_files_and_its_processes_configuration(live: Path) -> None:
    replace_stage(live, "loki", {"loki/main.yaml": "a: 1\n", "supervisor/loki.conf": "[x]\n"}, ())
    replace_stage(live, "agents", {"agents/promtail.yaml": "b: 1\n", "supervisor/agents.conf": "[y]\n"}, ())
    assert stage_files(live, "loki") == {"loki/main.yaml": "a: 1\n", "supervisor/loki.conf": "[x]\n"}


def test_a_file_that_a_stage_no_longer_has_is_removed(live: Path) -> None:
    replace_stage(live, "loki", {"loki/main.yaml": "a: 1\n", "loki/old.yaml": "b: 1\n"}, ())
    replace_stage(live, "loki", {"loki/main.yaml": "a: 2\n"}, ())
    assert stage_files(live, "loki") == {"loki/main.yaml": "a: 2\n"}


def test_what_only_describes_is_not_written(live: Path) -> None:
    replace_stage(live, "loki", {"processes/loki": "main-all-0 abc\n"}, ())
    assert list(live.rglob("*.*")) == []


def test_a_cluster_without_tenants_has_a_file_that_does_not_count_as_applied(live: Path) -> None:
    ensure_overrides(live, ["main"])
    assert (live / "tenants/main.yaml").read_text() == NO_OVERRIDES
    assert stage_files(live, "tenants") == {}


def test_tenants_that_are_applied_are_not_overwritten(live: Path) -> None:
    replace_stage(live, "tenants", {"tenants/main.yaml": "overrides: {a: {}}\n"}, ["main"])
    ensure_overrides(live, ["main"])
    assert stage_files(live, "tenants") == {"tenants/main.yaml": "overrides: {a: {}}\n"}


def test_tenants_that_are_taken_back_leave_a_file_for_loki_to_read(live: Path) -> None:
    replace_stage(live, "tenants", {"tenants/main.yaml": "overrides: {a: {}}\n"}, ["main"])
    replace_stage(live, "tenants", {}, ["main"])
    assert (live / "tenants/main.yaml").read_text() == NO_OVERRIDES


def test_a_configuration_that_somebody_broke_lists_no_process(live: Path) -> None:
    replace_stage(live, "loki", {"supervisor/loki.conf": "command=[program\n"}, ())
    assert stage_sections(live, "loki") == ()


@pytest.mark.parametrize(("started", "expected"), [(START + 60, {"promtail"}), (START - 60, set())])
def test_who_started_after_an_edit_of_its_file_is_outdated(live: Path, started: float, expected: set[str]) -> None:
    file = live / "agents/promtail.yaml"
    replace_stage(live, "agents", {"agents/promtail.yaml": "edited\n"}, ())
    os.utime(file, (START, START))
    section = Section("promtail", "abc", "promtail", (23101,), "main", "", f"promtail -config.file={file}", 30)
    found = outdated(live, {"agents/promtail.yaml": "wanted\n"}, {"promtail": (section, started)})
    assert found == expected


def test_who_reads_another_file_is_not_outdated(live: Path) -> None:
    replace_stage(live, "agents", {"agents/promtail.yaml": "edited\n"}, ())
    section = Section("other", "abc", "promtail", (23101,), "main", "", "promtail -config.file=/other.yaml", 30)
    assert outdated(live, {"agents/promtail.yaml": "wanted\n"}, {"other": (section, START * 2)}) == set()
