"""Decide which processes to start, restart and remove. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from logops.platforms.local.section import Section


@dataclass(frozen=True)
class Steps:
    """Groups of processes, in the order in which they are handled."""

    remove: tuple[str, ...] = ()
    """Names of processes to stop and remove from supervisord."""
    start: tuple[Section, ...] = ()
    """Processes to start together: no running service is interrupted."""
    restart: tuple[Section, ...] = ()
    """Processes to restart one at a time. Each must be ready before the next is restarted."""

    @property
    def nothing(self) -> bool:
        return not (self.remove or self.start or self.restart)


def decide(
    desired: Sequence[Section],
    running: Mapping[str, str],
    known: Collection[str],
    outdated: Collection[str] = (),
    in_the_way: Collection[str] = (),
) -> Steps:
    """Return the steps from the running to the desired processes.

    running     name -> digest
    known       names of this stage's processes so far
    outdated    names of processes that have the right digest but started with an edited file
    in_the_way  names of processes that use a port which another process will need. They are stopped first. If such a
                process belongs to another stage, it is removed, and that stage starts it again
    """
    changed = [
        section for section in desired if running.get(section.name) != section.digest or section.name in outdated
    ]
    at_once = [section for section in changed if section.name not in running or section.name in in_the_way]
    return Steps(
        remove=tuple(sorted({*known, *in_the_way} - {section.name for section in desired})),
        start=tuple(at_once),
        restart=tuple(section for section in changed if section not in at_once),
    )


def stop_group(program: str, component: str) -> int:
    """Return the group of a process for stopping everything. Group 0 is stopped first, group 3 last.

    0: agents, 1: servers, 2: processes that must store logs first, 3: stores.
    """
    if program in ("azurite", "prometheus", "alertmanager"):
        return 3
    if program == "loki":
        return 2 if component in ("ingester", "all") else 1
    return 0
