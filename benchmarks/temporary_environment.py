"""A local environment for a benchmark: empty state in a temporary folder, free ports, stopped afterwards."""

import itertools
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from logops.clients.loki import Entry, LokiClient
from logops.environment import Environment, find_environment, load_environment
from logops.platforms import local_commands
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import Progress
from logops.rules.prometheus import load_prometheus_rules
from logops.rules.read import load_rules
from logops.samples import generate
from logops.samples.history_fill import SEED, destinations
from logops.toolchain import project_root

BATCH = 10_000
"""Lines per push."""


def fresh_environment(name: str) -> Environment:
    """Return `local` with another name and free ports."""
    local = load_environment(find_environment("local", project_root()))
    platform = local.platform.model_copy(update={"base_port": free_base_port()})
    return local.model_copy(update={"name": name, "platform": platform})


@contextmanager
def running_in_a_temporary_folder(environment: Environment, progress: Progress = print) -> Iterator[LocalPlatform]:
    """Yield the environment's platform, without any state. Everything is stopped and removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"logops-{environment.name}-"))
    place = open_in(environment, folder)
    try:
        yield place
    finally:
        place.down(progress)
        shutil.rmtree(folder)


def open_in(environment: Environment, folder: Path) -> LocalPlatform:
    programs = local_commands()
    root = project_root()
    return LocalPlatform(
        environment, folder, lambda: programs, lambda: load_rules(root), lambda: load_prometheus_rules(root)
    )


def push_samples(platform: LocalPlatform, start_ns: int, end_ns: int, lines_a_minute: float) -> int:
    """Push generated lines of every kind into the tenants that have it. Return the number of lines."""
    count = 0
    for kind, where in destinations(platform.environment).items():
        lines = iter(generate(kind, SEED, start_ns, end_ns, lines_a_minute))
        with LokiClient(platform.write_url(where.cluster)) as client:
            while batch := [
                Entry(one.timestamp_ns, one.labels, one.text, one.structured_metadata)
                for one in itertools.islice(lines, BATCH)
            ]:
                client.push(where.tenant, batch)
                count += len(batch)
    return count


def wait_until_compacted(platform: LocalPlatform, day: int) -> None:
    """Wait until the table of a day is compacted: then it has a folder per tenant, and no file of an ingester.

    day   days since 1970
    """
    cluster = platform.environment.clusters["main"]
    table = f"index/loki_index_{day}/"
    with platform.object_store(cluster.storage_account) as account:
        container = account.container(cluster.containers.chunks)

        def compacted() -> bool:
            names = [name for batch in container.list((table,)).batches for name in batch["name"].to_pylist()]
            return bool(names) and all("/" in name.removeprefix(table) for name in names)

        deadline = time.monotonic() + 600
        while not compacted():
            if time.monotonic() > deadline:
                raise SystemExit(f"{table} was not compacted within ten minutes")
            time.sleep(1)


def free_base_port() -> int:
    """Return the first of 100 free ports below the kernel's ephemeral ports."""
    for base in range(24000, 32000, 100):
        if all(map(_is_free, range(base, base + 100))):
            return base
    raise SystemExit("no 100 free ports between 24000 and 32000")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
