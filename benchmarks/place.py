"""A local environment of its own for a benchmark: fresh state in a temporary folder, free ports, ended afterwards."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from logops.environment import Environment, find_environment, load_environment
from logops.platforms.local import LocalPlatform
from logops.rules.read import load_rules
from logops.toolchain import command, project_root


def fresh_environment(name: str) -> Environment:
    """`local`, under another name and on free ports."""
    local = load_environment(find_environment("local", project_root()))
    platform = local.platform.model_copy(update={"base_port": free_base_port()})
    return local.model_copy(update={"name": name, "platform": platform})


@contextmanager
def running_in_a_temporary_folder(environment: Environment) -> Iterator[LocalPlatform]:
    """The environment's platform, with nothing in it yet; everything is ended and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"logops-{environment.name}-"))
    place = open_in(environment, folder)
    try:
        yield place
    finally:
        place.down(print)
        shutil.rmtree(folder)


def open_in(environment: Environment, folder: Path) -> LocalPlatform:
    programs = {name: command(name) for name in ("azurite", "prometheus", "loki", "promtail", "loki-canary")}
    return LocalPlatform(environment, folder, lambda: programs, lambda: load_rules(project_root()))


def free_base_port() -> int:
    """The first of 100 free ports below the kernel's own range."""
    for base in range(24000, 32000, 100):
        if all(map(_is_free, range(base, base + 100))):
            return base
    raise SystemExit("no 100 free ports between 24000 and 32000")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
