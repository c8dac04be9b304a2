"""A local environment of its own for a benchmark: fresh state in a temporary folder, free ports, ended afterwards."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from logops.environment import Environment, find_environment, load_environment
from logops.platforms import open_platform
from logops.platforms.local import LocalPlatform
from logops.toolchain import project_root


@contextmanager
def fresh_platform(name: str = "benchmark") -> Iterator[LocalPlatform]:
    """`local`, under another name, on other ports, with nothing in it yet."""
    local = load_environment(find_environment("local", project_root()))
    platform = local.platform.model_copy(update={"base_port": free_base_port()})
    environment = local.model_copy(update={"name": name, "platform": platform})
    folder = Path(tempfile.mkdtemp(prefix=f"logops-{name}-"))
    place = open_fresh(environment, folder)
    try:
        yield place
    finally:
        place.down()
        shutil.rmtree(folder)


def open_fresh(environment: Environment, folder: Path) -> LocalPlatform:
    """The environment's platform with its state in `folder`."""
    place = open_platform(environment, project_root(), state=folder)
    assert isinstance(place, LocalPlatform)
    return place


def free_base_port() -> int:
    """The first of 100 free ports below the kernel's own range."""
    for base in range(24000, 32000, 100):
        if all(map(_is_free, range(base, base + 100))):
            return base
    raise SystemExit("no 100 free ports between 24000 and 32000")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
