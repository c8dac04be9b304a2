"""The current status of every process."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psutil

from logops.platforms.local.health import Health, check, version
from logops.platforms.local.processes import observers
from logops.platforms.local.section import Section
from logops.platforms.local.supervisord import Supervised, Supervisord
from logops.platforms.platform import ProcessStatus
from logops.render import Stage

_MAX_PARALLEL = 16
_SLACK_SECONDS = 2.0
"""The kernel counts a process's start from the boot time, which it reports in whole seconds."""


def statuses(supervisord: Supervisord, sections: Mapping[Stage, tuple[Section, ...]]) -> list[ProcessStatus]:
    """Return the status of all processes, in the order in which they start. Processes are asked in parallel."""
    known = supervisord.processes()
    missing = "not started" if supervisord.process() else "supervisord does not run"
    all_sections = [section for stage in sections.values() for section in stage]

    def read_status(item: tuple[Stage, Section]) -> ProcessStatus:
        supervised = known.get(item[1].name, Supervised(item[1].name, "STOPPED", None, None, missing))
        return _status(*item, supervised, all_sections)

    with ThreadPoolExecutor(_MAX_PARALLEL) as pool:
        return list(
            pool.map(
                read_status,
                [(stage, section) for stage, stage_sections in sections.items() for section in stage_sections],
            )
        )


def _status(stage: Stage, section: Section, supervised: Supervised, all_sections: list[Section]) -> ProcessStatus:
    port = section.ports[0]
    if supervised.pid is None or supervised.since is None:
        trouble = supervised.trouble or "not started"
        return ProcessStatus(
            section.name,
            stage,
            supervised.state,
            ready=False,
            detail=trouble,
            port=port,
            program=section.program,
            cluster=section.cluster,
        )
    health = _health(section, supervised.since, all_sections)
    return ProcessStatus(
        section.name,
        stage,
        supervised.state,
        health.ready,
        health.detail,
        supervised.pid,
        port,
        supervised.since,
        _memory(supervised.pid),
        version(section),
        section.program,
        section.cluster,
        _is_replaced(section, supervised.pid),
    )


def _health(section: Section, since: datetime, all_sections: list[Section]) -> Health:
    return check(section, observers(section, all_sections), (datetime.now(UTC) - since).total_seconds())


def _is_replaced(section: Section, pid: int) -> bool:
    """Whether a file of the process's program, such as its executable or its script, is newer than the process."""
    try:
        process = psutil.Process(pid)
        started, executable = process.create_time(), process.exe()
    except psutil.Error:
        return False
    if executable.endswith(" (deleted)"):
        return True
    words = section.command.split(" ")
    scripts = [word for word in words[1:] if word.endswith(".js")]
    return any(_changed_at(file) > started + _SLACK_SECONDS for file in (words[0], *scripts))


def _changed_at(file: str) -> float:
    """Return when a file was written or moved to its place, in Unix time; 0 if it is not there."""
    try:
        return os.stat(file).st_ctime
    except OSError:
        return 0.0


def _memory(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
