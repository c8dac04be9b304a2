"""What to do so that the right processes run: decided from values alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from logops.platforms.local.section import Section


@dataclass(frozen=True)
class Steps:
    """In the order in which they are taken."""

    remove: tuple[str, ...] = ()
    """Stopped and forgotten: nobody wants them any more."""
    start: tuple[Section, ...] = ()
    """Started all at once: nothing that serves is lost by it."""
    restart: tuple[Section, ...] = ()
    """One at a time, each ready before the next."""

    @property
    def nothing(self) -> bool:
        return not (self.remove or self.start or self.restart)


def decide(
    wanted: Sequence[Section],
    running: Mapping[str, str],
    known: Collection[str],
    outdated: Collection[str] = (),
    in_the_way: Collection[str] = (),
) -> Steps:
    """The steps from what runs to what is wanted.

    `running` is name to digest; `known` are the names this stage had so far; `outdated` run with the right digest
    but read a file that somebody had edited; `in_the_way` hold a port that another process is to have, and so cannot
    wait for their turn: where they are another stage's, that stage starts them again.
    """
    changed = [section for section in wanted if running.get(section.name) != section.digest or section.name in outdated]
    at_once = [section for section in changed if section.name not in running or section.name in in_the_way]
    return Steps(
        remove=tuple(sorted({*known, *in_the_way} - {section.name for section in wanted})),
        start=tuple(at_once),
        restart=tuple(section for section in changed if section not in at_once),
    )


def stop_group(program: str, component: str) -> int:
    """When a process is stopped, when all are: those that send first, those they need last.

    0 agents, 1 what serves, 2 what holds logs that it must store, 3 the stores.
    """
    if program in ("azurite", "prometheus"):
        return 3
    if program == "loki":
        return 2 if component in ("ingester", "all") else 1
    return 0
