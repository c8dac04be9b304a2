"""The live files that processes read."""

import os
from pathlib import Path

import pytest

from logops.platforms.local.live import (
    ensure_overrides,
    outdated,
    replace_stage,
    stage_files,
    stage_sections,
)
from logops.platforms.local.section import Section
from logops.render.overrides import NO_OVERRIDES

START = 1_800_000_000.0


@pytest.fixture
def live(tmp_path: Path) -> Path:
    folder = tmp_path / "live"
    folder.mkdir()
    return folder


def test_stage_files_include_only_the_files_of_the_stage(live: Path) -> None:
    replace_stage(live, "loki", {"loki/main.yaml": "a: 1\n", "supervisor/loki.conf": "[x]\n"}, ())
    replace_stage(live, "agents", {"agents/promtail.yaml": "b: 1\n", "supervisor/agents.conf": "[y]\n"}, ())
    assert stage_files(live, "loki") == {"loki/main.yaml": "a: 1\n", "supervisor/loki.conf": "[x]\n"}


def test_file_that_stage_no_longer_has_is_removed(live: Path) -> None:
    replace_stage(live, "loki", {"loki/main.yaml": "a: 1\n", "loki/old.yaml": "b: 1\n"}, ())
    replace_stage(live, "loki", {"loki/main.yaml": "a: 2\n"}, ())
    assert stage_files(live, "loki") == {"loki/main.yaml": "a: 2\n"}


def test_process_description_is_not_written(live: Path) -> None:
    replace_stage(live, "loki", {"processes/loki": "main-all-0 abc\n"}, ())
    assert [path for path in live.rglob("*") if path.is_file()] == []


def test_cluster_without_tenants_gets_default_file_that_is_not_a_stage_file(live: Path) -> None:
    ensure_overrides(live, ["main"])
    assert (live / "tenants/main.yaml").read_text() == NO_OVERRIDES
    assert stage_files(live, "tenants") == {}


def test_applied_tenants_file_is_not_overwritten(live: Path) -> None:
    replace_stage(live, "tenants", {"tenants/main.yaml": "overrides: {a: {}}\n"}, ["main"])
    ensure_overrides(live, ["main"])
    assert stage_files(live, "tenants") == {"tenants/main.yaml": "overrides: {a: {}}\n"}


def test_removed_tenants_leave_an_empty_overrides_file(live: Path) -> None:
    replace_stage(live, "tenants", {"tenants/main.yaml": "overrides: {a: {}}\n"}, ["main"])
    replace_stage(live, "tenants", {}, ["main"])
    assert (live / "tenants/main.yaml").read_text() == NO_OVERRIDES


def test_broken_supervisor_configuration_has_no_sections(live: Path) -> None:
    replace_stage(live, "loki", {"supervisor/loki.conf": "command=[program\n"}, ())
    assert stage_sections(live, "loki") == ()


@pytest.mark.parametrize(("started", "expected"), [(START + 60, {"promtail"}), (START - 60, set())])
def test_process_is_outdated_if_started_after_edit_of_its_file(live: Path, started: float, expected: set[str]) -> None:
    file = live / "agents/promtail.yaml"
    replace_stage(live, "agents", {"agents/promtail.yaml": "edited\n"}, ())
    os.utime(file, (START, START))
    section = Section("promtail", "abc", "promtail", (23101,), "main", "", f"promtail -config.file={file}", 30)
    stale = outdated(live, {"agents/promtail.yaml": "wanted\n"}, {"promtail": (section, started)})
    assert stale == expected


def test_process_that_reads_another_file_is_not_outdated(live: Path) -> None:
    replace_stage(live, "agents", {"agents/promtail.yaml": "edited\n"}, ())
    section = Section("other", "abc", "promtail", (23101,), "main", "", "promtail -config.file=/other.yaml", 30)
    assert outdated(live, {"agents/promtail.yaml": "wanted\n"}, {"other": (section, START * 2)}) == set()
