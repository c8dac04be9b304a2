"""The lease of an environment, in a file. Unlike a lock, it stays when a process of the run ends."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.platforms.local.atomic import write_text
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


def taken_by(held: Lease | None, owner: str, as_of: datetime) -> Lease | None:
    """Return the lease that `owner` gets at `as_of`; None if another run holds it. A stale lease is taken over."""
    if held is not None and held.owner == owner:
        return Lease(owner, held.since, as_of)
    if held is None or as_of - held.touched >= STALE:
        return Lease(owner, as_of, as_of)
    return None


class LeaseFile:
    """The lease in `lease.json`."""

    def __init__(self, file: Path, environment: str) -> None:
        self._file = file
        self._lock = file.with_suffix(".lock")
        self._environment = environment

    def acquire(self, owner: str) -> None:
        """Acquire or renew the lease. Raises LeaseHeldError while another run holds it."""
        with locked(self._lock, "acquiring the lease", _quietly):
            self._take(self.read(), owner)

    def renew(self, owner: str) -> None:
        """Renew the lease if there is one. Raises LeaseHeldError if another run has taken it over."""
        with locked(self._lock, "renewing the lease", _quietly):
            if held := self.read():
                self._take(held, owner)

    def release(self, owner: str) -> None:
        """Release the lease if `owner` holds it."""
        with locked(self._lock, "releasing the lease", _quietly):
            held = self.read()
            if held is not None and held.owner == owner:
                self._file.unlink(missing_ok=True)

    def read(self) -> Lease | None:
        """Return the current lease. An unreadable file counts as no lease."""
        try:
            content = json.loads(self._file.read_text())
            return Lease(content["owner"], *(datetime.fromisoformat(content[key]) for key in ("since", "touched")))
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None

    def _take(self, held: Lease | None, owner: str) -> None:
        lease = taken_by(held, owner, datetime.now(UTC))
        if lease is None:
            raise LeaseHeldError(_refusal(self._environment, held))
        content = {"owner": lease.owner, "since": lease.since.isoformat(), "touched": lease.touched.isoformat()}
        write_text(self._file, json.dumps(content) + "\n")


def _refusal(environment: str, held: Lease | None) -> str:
    assert held is not None
    return (
        f"Environment {environment} is being changed by {held.owner}, since {held.since:%Y-%m-%d %H:%M:%S} UTC; "
        f"it last renewed its lease at {held.touched:%H:%M:%S} UTC. Wait until it has ended. "
        f"If that run is dead: `logops unlock {environment} --owner '{held.owner}'`."
    )


def _quietly(_line: str) -> None:
    pass
