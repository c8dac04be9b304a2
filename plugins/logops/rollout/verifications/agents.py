"""Agents: a line that is written to a source arrives in its tenant, through the agent, with its labels."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.environment.sources import Source, SyslogSource
from logops.environment.verification import VERIFICATION_LABEL_VALUE, VERIFICATION_TEXT
from logops.platforms.platform import DeployablePlatform
from logops.rollout.verifications.verification import NotVerifiedError, Verification, new_marker, wait_for

ARRIVE_SECONDS = 60.0
_NEAR = timedelta(minutes=5)
_FAR = timedelta(days=7)
_FAR_AFTER_S = 5.0
"""A line without a readable time gets the time of the line before it, which may be old. A search that far back reads
much, so it is done only if the line was not found near its time."""


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    for process in platform.processes():
        if process.stage == "agents":
            yield Verification("agent-ready", process.name, partial(_ready, platform, process.name))
    shipped = {name for agent in platform.environment.agents.values() for name in agent.sources}
    for name in sorted(shipped & set(platform.writable_sources())):
        yield Verification("line-arrives", name, partial(_arrives, platform, name))


def _ready(platform: DeployablePlatform, name: str) -> str:
    state = {"detail": "not running"}

    def look() -> str | None:
        agent = next(process for process in platform.processes() if process.name == name)
        state["detail"] = f"{agent.state} {agent.detail}".strip()
        return f"{agent.state}, version {agent.version or 'unknown'}" if agent.ready else None

    def missing() -> str:
        last = "\n    ".join(platform.last_lines(name))
        return f"{name} is {state['detail']}, not ready; its last lines:\n    {last}\n  not ready"

    return wait_for(look, missing, ARRIVE_SECONDS)


def _arrives(platform: DeployablePlatform, name: str) -> str:
    source = platform.environment.sources[name]
    marker = new_marker()
    now = datetime.now(UTC)
    platform.write_line(name, verification_line(source, marker, now))
    selector = "{" + ", ".join(f'{label}="{value}"' for label, value in source.labels.items()) + "}"
    started_s = time.monotonic()
    with LokiClient(platform.read_url(source.cluster)) as client:

        def look() -> Entry | None:
            back = _FAR if time.monotonic() - started_s > _FAR_AFTER_S else _NEAR
            window = (nanoseconds(now - back), nanoseconds(now + _NEAR))
            entries = client.query_logs(source.tenant, f"{selector} |= `{marker}`", *window, limit=1)
            return entries[0] if entries else None

        entry = wait_for(
            look, lambda: f"the line {marker} did not arrive in {source.tenant} with {selector}", ARRIVE_SECONDS
        )
    promised = {**source.labels, **verification_fields(source)}
    if wrong := {label: entry.labels.get(label) for label in promised if entry.labels.get(label) != promised[label]}:
        raise NotVerifiedError(f"the line arrived, but with {wrong} where {promised} was promised")
    return f"arrived in {source.tenant} with {selector}"


def verification_line(source: Source, marker: str, now: datetime) -> str:
    """Return a line as the source writes it, with a marker, that says it is only a test."""
    message = f"{marker} {VERIFICATION_TEXT}"
    if isinstance(source, SyslogSource):
        # RFC 5424: <13> is facility user, severity notice.
        return f"<13>1 {now.isoformat(timespec='milliseconds')} logops logops - - - {message}"
    if source.parse.format != "json":
        return message
    stamp = {source.parse.timestamp.field: now.isoformat()} if source.parse.timestamp else {}
    return json.dumps({**stamp, **verification_fields(source), "message": message})


def verification_fields(source: Source) -> dict[str, str]:
    """Return the fields of a test line that become labels."""
    return {label: VERIFICATION_LABEL_VALUE for label in source.parse.labels} if source.parse.format == "json" else {}
