"""`logops status`, `logs`, `down`: the processes on this machine."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import typer

from logops.cli.output.columns import Column
from logops.cli.output.console import FOUND, OK, print_json, print_text, say, stop
from logops.cli.output.table import show_table
from logops.cli.targets import environment, platform
from logops.clients.loki import LokiClient, LokiError, RingMember
from logops.number_text import age_text, size_text
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.platform import DeployablePlatform, PlatformError, ProcessStatus
from logops.render import PlacementError
from logops.suggestions import did_you_mean
from logops.toolchain import ToolchainError, project_root


def status(name: str, as_json: bool) -> None:
    """Run `logops status`."""
    target = platform(name)
    try:
        processes = target.processes()
    except PlatformError as error:
        stop(f"reading the status of {name}: {error}", FOUND)
    rings = {cluster: _ring(target, cluster) for cluster in target.environment.clusters} if processes else {}
    if as_json:
        print_json({"processes": [_process(status) for status in processes], "rings": rings})
    elif processes:
        show_table(_process_columns(processes, datetime.now(UTC)))
        print_text("")
        show_table(_ring_columns(rings))
    else:
        say(f"{name}: nothing is applied yet. Start it with `logops up {name}`.")
    raise typer.Exit(OK if processes and all(status.ready for status in processes) else FOUND)


def logs(name: str, process: str, count: int, follow: bool) -> None:
    """Run `logops logs`."""
    target = _local(name)
    names = target.logged()
    if process and process not in names:
        stop(
            f"No log of process {process!r} in {name}. There are: {', '.join(names) or 'none'}."
            + did_you_mean(process, names)
        )
    chosen = [process] if process else names
    for line in _labelled(((log, line) for log in chosen for line in target.last_lines(log, count)), chosen):
        print(line)
    if follow:
        for line in _labelled(target.follow(chosen), chosen):
            print(line, flush=True)


def down(name: str) -> None:
    """Run `logops down`."""
    try:
        killed = _local(name).down(say)
    except PlatformError as error:
        stop(str(error), FOUND)
    if killed:
        say(f"{', '.join(killed)} did not stop in time and had to be killed.")
    say(f"{name} is stopped. Its data is kept.")


def _local(name: str) -> LocalPlatform:
    try:
        return open_local(environment(name), project_root())
    except (PlatformError, PlacementError, ToolchainError) as error:
        stop(str(error))


def _ring(target: DeployablePlatform, cluster: str) -> list[dict[str, Any]] | str:
    """Return the members of the ingester ring, or why it cannot be read."""
    try:
        with LokiClient(target.write_url(cluster), read_timeout=5, retry_for=0) as client:
            return [_member(member) for member in client.ring()]
    except LokiError as error:
        return str(error)


def _member(member: RingMember) -> dict[str, Any]:
    age = round(member.heartbeat_age.total_seconds(), 1)
    return {"member": member.id, "state": member.state, "address": member.address, "heartbeat_age_seconds": age}


def _process(status: ProcessStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "stage": status.stage,
        "state": status.state,
        "ready": status.ready,
        "detail": status.detail,
        "pid": status.pid,
        "port": status.port,
        "version": status.version,
        "memory_bytes": status.memory,
        "since": status.since.isoformat() if status.since else None,
    }


def _process_columns(processes: Sequence[ProcessStatus], as_of: datetime) -> list[Column]:
    ages = [
        age_text((as_of - status.since).total_seconds()) if status.since and status.pid else "-" for status in processes
    ]
    ready = sum(status.ready for status in processes)
    memory = size_text(sum(status.memory or 0 for status in processes))
    return [
        Column("process", [status.name for status in processes]),
        Column("state", [status.state for status in processes], 5),
        Column(
            "ready",
            ["yes" if status.ready else "no" for status in processes],
            total=f"{ready} of {len(processes)}",
            styles={"yes": "green", "no": "red"},
        ),
        Column("version", [status.version or "-" for status in processes], 1),
        Column(
            "memory",
            [size_text(status.memory) if status.memory else "-" for status in processes],
            3,
            right=True,
            total=memory,
        ),
        Column("port", [str(status.port) for status in processes], 4, right=True),
        Column("up for", ages, 2, right=True),
        Column("why not ready", ["" if status.ready else status.detail for status in processes], 6, wraps=True),
    ]


def _ring_columns(rings: dict[str, list[dict[str, Any]] | str]) -> list[Column]:
    rows: list[tuple[str, str, str, str]] = []
    for cluster, members in rings.items():
        if isinstance(members, str):
            rows.append((cluster, "-", members, "-"))
            continue
        for member in members:
            rows.append((cluster, member["member"], member["state"], f"{member['heartbeat_age_seconds']:.0f} s ago"))
    ring, names, states, heartbeats = ([row[number] for row in rows] for number in range(4))
    styles = {state: "green" if state == "ACTIVE" else "red" for state in states}
    return [
        Column("ring", ring),
        Column("member", names),
        Column("state", states, 2, wraps=True, styles=styles),
        Column("heartbeat", heartbeats, 1),
    ]


def _labelled(lines: Iterable[tuple[str, str]], names: Sequence[str]) -> Iterator[str]:
    """Yield lines with the name of their process, if there are several processes."""
    width = max(map(len, names), default=0)
    for name, line in lines:
        yield f"{name:{width}} | {line}" if len(names) > 1 else line
