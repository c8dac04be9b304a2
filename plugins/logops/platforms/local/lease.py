"""The lease of an environment, in a file. Unlike a lock, it stays when a process of the run ends."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from logops.platforms.local.atomic import write_text
from logops.platforms.local.holder import Holder, Machine, is_known_dead, is_running, this_machine, this_process
from logops.platforms.local.lock import locked
from logops.platforms.platform import LeaseHeldError

STALE = timedelta(minutes=30)
"""A run that has not renewed its lease for this long counts as dead. A running rollout renews it every few seconds."""


@dataclass(frozen=True)
class Lease:
    """The right of a run to change the environment."""

    owner: str
    """The run's id."""
    since: datetime
    touched: datetime
    holder: Holder | None = None
    """The process that is the whole run. None if the run has several processes, as in Airflow, or it is not known."""


def taken_by(
    held: Lease | None, owner: str, as_of: datetime, *, holder: Holder | None = None, held_by_dead: bool = False
) -> Lease | None:
    """Return the lease that `owner` gets at `as_of`; None if another run holds it.

    A stale lease, and the lease of a run that is known to be dead, are taken over.

    holder        the process that is the whole run of `owner`
    held_by_dead  whether the process that holds the lease is known to be dead
    """
    if held is not None and held.owner == owner:
        return replace(held, touched=as_of)
    if held is None or held_by_dead or as_of - held.touched >= STALE:
        return Lease(owner, as_of, as_of, holder)
    return None


class LeaseFile:
    """The lease in `lease.json`."""

    def __init__(self, file: Path, environment: str) -> None:
        self._file = file
        self._lock = file.with_suffix(".lock")
        self._environment = environment

    def acquire(self, owner: str, *, one_process: bool = False) -> str:
        """Acquire or renew the lease. Return a line about a dead run whose lease was taken over, else an empty text.

        one_process   the run has no other process than this one: if it dies, its lease can be taken over at once

        Raises LeaseHeldError while another run holds the lease.
        """
        with locked(self._lock, "acquiring the lease", _quietly):
            return self._take(self.read(), owner, this_process() if one_process else None)

    def renew(self, owner: str) -> None:
        """Renew the lease if there is one. Raises LeaseHeldError if another run has taken it over."""
        with locked(self._lock, "renewing the lease", _quietly):
            held = self.read()
            if held is None:
                return
            if held.owner != owner:
                raise LeaseHeldError(_refusal(self._environment, held))
            self._take(held, owner)

    def release(self, owner: str) -> bool:
        """Release the lease if `owner` holds it. Return whether it did."""
        with locked(self._lock, "releasing the lease", _quietly):
            held = self.read()
            if held is None or held.owner != owner:
                return False
            self._file.unlink(missing_ok=True)
            return True

    def since(self) -> datetime | None:
        """Return since when a run holds the lease. None: no run does, or only one that is dead."""
        held = self._alive()
        return held.since if held else None

    def owner(self) -> str | None:
        """Return the run that holds the lease. None: no run does, or only one that is dead."""
        held = self._alive()
        return held.owner if held else None

    def _alive(self) -> Lease | None:
        held = self.read()
        if held is None or datetime.now(UTC) - held.touched >= STALE or (held.holder and _is_dead(held.holder)):
            return None
        return held

    def read(self) -> Lease | None:
        """Return the current lease. An unreadable file counts as no lease."""
        try:
            content = json.loads(self._file.read_text())
            since, touched = (datetime.fromisoformat(content[key]) for key in ("since", "touched"))
            return Lease(content["owner"], since, touched, _holder(content.get("holder")))
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None

    def _take(self, held: Lease | None, owner: str, holder: Holder | None = None) -> str:
        dead = held is not None and held.holder is not None and _is_dead(held.holder)
        lease = taken_by(held, owner, datetime.now(UTC), holder=holder, held_by_dead=dead)
        if lease is None:
            raise LeaseHeldError(_refusal(self._environment, held))
        content = {
            "owner": lease.owner,
            "since": lease.since.isoformat(),
            "touched": lease.touched.isoformat(),
            "holder": asdict(lease.holder) if lease.holder else None,
        }
        write_text(self._file, json.dumps(content) + "\n")
        return _takeover(held, dead=dead) if held is not None and held.owner != owner else ""


def _is_dead(holder: Holder) -> bool:
    return is_known_dead(holder, this_machine(), running=is_running(holder))


def _holder(content: Any) -> Holder | None:
    """Return the holder in a file; None if nobody holds the lease, or another version of logops wrote the text."""
    try:
        return Holder(Machine(**content["machine"]), int(content["pid"]), int(content["start"]))
    except (LookupError, TypeError, ValueError):
        return None


def _takeover(held: Lease, *, dead: bool) -> str:
    reason = (
        f"its process {held.holder.pid} has ended"
        if dead and held.holder
        else f"it has not renewed its lease since {held.touched:%Y-%m-%d %H:%M:%S} UTC"
    )
    return f"Taking the lease over from {held.owner}: {reason}."


def _refusal(environment: str, held: Lease | None) -> str:
    assert held is not None
    process = f" (process {held.holder.pid})" if held.holder else ""
    return (
        f"Environment {environment} is being changed by {held.owner}{process}, since "
        f"{held.since:%Y-%m-%d %H:%M:%S} UTC; it last renewed its lease at {held.touched:%H:%M:%S} UTC. "
        f"Wait until it has ended. If that run is dead: `logops unlock {environment} --owner '{held.owner}'`."
    )


def _quietly(_line: str) -> None:
    pass
