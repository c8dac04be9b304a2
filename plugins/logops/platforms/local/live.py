"""What is on the disk: the files that the processes read, below `live/`."""

from collections.abc import Iterable, Mapping
from configparser import Error as ConfigurationError
from pathlib import Path

from logops.platforms.local.atomic import swap_files
from logops.platforms.local.section import Section, sections
from logops.render import STAGES, Stage

NO_OVERRIDES = "overrides: {}\n"
"""A tenants file for a Loki whose tenants are not applied yet: without a file it does not start."""

_SLACK_SECONDS = 2.0
"""The kernel counts a process's start from boot, and tells the time of boot by the second. A process restarted for
nothing is better than one that keeps what somebody wrote."""


def stage_files(live: Path, stage: Stage) -> dict[str, str]:
    """A stage's files, by their names below the live folder. Bytes that are no text show as such."""
    found = [*(live / stage).rglob("*"), live / conf_name(stage)]
    texts = {
        path.relative_to(live).as_posix(): path.read_text(encoding="utf-8", errors="backslashreplace")
        for path in found
        if path.is_file()
    }
    return {name: text for name, text in texts.items() if text != NO_OVERRIDES}


def stage_sections(live: Path, stage: Stage) -> tuple[Section, ...]:
    """The processes that a stage's file lists; none where it is missing or somebody made it unreadable."""
    try:
        return sections((live / conf_name(stage)).read_text(encoding="utf-8", errors="backslashreplace"))
    except (FileNotFoundError, ConfigurationError):
        return ()


def all_sections(live: Path) -> dict[Stage, tuple[Section, ...]]:
    """The processes of every stage."""
    return {stage: stage_sections(live, stage) for stage in STAGES}


def replace_stage(live: Path, stage: Stage, texts: Mapping[str, str], clusters: Iterable[str]) -> None:
    """Make `texts` the stage's files, each in one step. Raises PlatformError, all as they were, on a full disk.

    Files that only describe (`processes/...`) are not written. Each of `clusters` keeps a tenants file.
    """
    wanted = {name: text for name, text in texts.items() if not name.startswith("processes/")}
    if stage == "tenants":
        wanted = {**{f"tenants/{cluster}.yaml": NO_OVERRIDES for cluster in clusters}, **wanted}
    swap_files(live, wanted, frozenset(stage_files(live, stage)) - frozenset(wanted))


def ensure_overrides(live: Path, clusters: Iterable[str]) -> None:
    """Give every cluster that has none a tenants file without tenants."""
    missing = {f"tenants/{cluster}.yaml" for cluster in clusters if not (live / f"tenants/{cluster}.yaml").exists()}
    swap_files(live, dict.fromkeys(missing, NO_OVERRIDES))


def outdated(live: Path, wanted: Mapping[str, str], started: Mapping[str, tuple[Section, float]]) -> set[str]:
    """Names of processes that read a file after somebody had edited it.

    `started` is name to section and the process's start, as Unix time.
    """
    edited = {
        str(live / name): (live / name).stat().st_mtime
        for name, text in wanted.items()
        if (live / name).is_file() and (live / name).read_text(errors="backslashreplace") != text
    }
    return {
        name
        for name, (section, at) in started.items()
        if any(file in section.command and at > changed - _SLACK_SECONDS for file, changed in edited.items())
    }


def conf_name(stage: Stage) -> str:
    return f"supervisor/{stage}.conf"
