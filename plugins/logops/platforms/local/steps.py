"""Decide which processes to start, restart and remove. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from logops.platforms.local.section import Section


@dataclass(frozen=True)
class Steps:
    """Steps in the order in which they are taken."""

    remove: tuple[str, ...] = ()
    """Stopped and removed from the configuration."""
    start: tuple[Section, ...] = ()
    """Started together, because nothing that serves is interrupted."""
    restart: tuple[Section, ...] = ()
    """One at a time; each must be ready before the next."""

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

    running     name to digest
    known       names that this stage had so far
    outdated    processes with the right digest that read an edited file
    in_the_way  processes on a port that another will need. They cannot wait for their turn; if they belong to another
                stage, that stage starts them again
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
    """Return when a process is stopped if all are: senders first, stores last.

    0 agents, 1 servers, 2 processes with logs that they must store, 3 stores.
    """
    if program in ("azurite", "prometheus"):
        return 3
    if program == "loki":
        return 2 if component in ("ingester", "all") else 1
    return 0
