"""The live files on the disk, below `live/`, which the processes read."""

import pwd
from collections.abc import Iterable, Mapping
from configparser import Error as ConfigurationError
from datetime import UTC, datetime
from pathlib import Path

from logops.platforms.local.atomic import swap_files
from logops.platforms.local.section import Section, sections
from logops.platforms.platform import FileChange
from logops.render import STAGES, Stage
from logops.render.overrides import NO_OVERRIDES

_SLACK_SECONDS = 2.0
"""Tolerance for the start time of a process: the kernel counts it from the boot time, which it reports in whole
seconds. An unnecessary restart is better than a process that keeps an edited file."""


def stage_files(live: Path, stage: Stage) -> dict[str, str]:
    """Return a stage's files by their paths below the live folder. Bytes that are not UTF-8 are escaped."""
    paths = [*(live / stage).rglob("*"), live / conf_name(stage)]
    texts = {
        path.relative_to(live).as_posix(): path.read_text(encoding="utf-8", errors="backslashreplace")
        for path in paths
        if path.is_file()
    }
    return {name: text for name, text in texts.items() if text != NO_OVERRIDES}


def stage_sections(live: Path, stage: Stage) -> tuple[Section, ...]:
    """Return the processes in a stage's configuration file; none if the file is missing or unreadable."""
    try:
        return sections((live / conf_name(stage)).read_text(encoding="utf-8", errors="backslashreplace"))
    except (FileNotFoundError, ConfigurationError):
        return ()


def all_sections(live: Path) -> dict[Stage, tuple[Section, ...]]:
    """Return the processes of every stage."""
    return {stage: stage_sections(live, stage) for stage in STAGES}


def replace_stage(live: Path, stage: Stage, texts: Mapping[str, str], clusters: Iterable[str]) -> None:
    """Replace the stage's files with `texts`, each file in one step.

    The list of processes (`processes/...`) is not written. Each of `clusters` keeps a tenants file. Raises
    PlatformError if the disk is full; all files are unchanged then.
    """
    new_texts = {name: text for name, text in texts.items() if not name.startswith("processes/")}
    if stage == "tenants":
        new_texts = {**{f"tenants/{cluster}.yaml": NO_OVERRIDES for cluster in clusters}, **new_texts}
    swap_files(live, new_texts, frozenset(stage_files(live, stage)) - frozenset(new_texts))


def ensure_overrides(live: Path, clusters: Iterable[str]) -> None:
    """Give every cluster without a tenants file an empty one."""
    missing = {f"tenants/{cluster}.yaml" for cluster in clusters if not (live / f"tenants/{cluster}.yaml").exists()}
    swap_files(live, dict.fromkeys(missing, NO_OVERRIDES))


def outdated(live: Path, desired: Mapping[str, str], started: Mapping[str, tuple[Section, float]]) -> set[str]:
    """Return the names of processes that started with a file that somebody had edited.

    started   name of a running process -> its section, and its start in Unix time
    """
    edited = {
        str(live / name): (live / name).stat().st_mtime
        for name, text in desired.items()
        if (live / name).is_file() and (live / name).read_text(errors="backslashreplace") != text
    }
    return {
        name
        for name, (section, started_at) in started.items()
        if any(
            file in section.command and started_at > edited_at - _SLACK_SECONDS for file, edited_at in edited.items()
        )
    }


def last_change(file: Path) -> FileChange | None:
    """Return the owner of a file, and when it was last written; None if it does not exist."""
    try:
        found = file.stat()
    except OSError:
        return None
    try:
        who = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        who = f"user {found.st_uid}"
    return FileChange(who, datetime.fromtimestamp(found.st_mtime, UTC))


def conf_name(stage: Stage) -> str:
    return f"supervisor/{stage}.conf"
