"""Whose rollout it is: a lease that outlives the processes of a run, unlike a lock."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logops.platforms.local.atomic import write_text
from logops.platforms.local.lock import locked
from logops.platforms.platform import LeaseHeld

STALE = timedelta(minutes=30)
"""A run that has not touched its lease for so long is taken for dead. One at work touches it every few seconds."""


@dataclass(frozen=True)
class Lease:
    """Who may change the environment."""

    owner: str
    """The run's id."""
    since: datetime
    touched: datetime


def taken_by(lease: Lease | None, owner: str, as_of: datetime) -> Lease | None:
    """The lease after `owner` asked for it; None where another run has it."""
    if lease is None or (lease.owner != owner and as_of - lease.touched >= STALE):
        return Lease(owner, as_of, as_of)
    return Lease(owner, lease.since, as_of) if lease.owner == owner else None


class LeaseFile:
    """The lease as `lease.json`."""

    def __init__(self, file: Path, environment: str) -> None:
        self._file = file
        self._lock = file.with_suffix(".lock")
        self._environment = environment

    def hold(self, owner: str) -> None:
        """Take the lease, or touch it. Raises LeaseHeld while another run has it."""
        now = datetime.now(UTC)
        with locked(self._lock, "taking the lease", _quietly):
            held = self.read()
            taken = taken_by(held, owner, now)
            if taken is None and held is not None:
                raise LeaseHeld(
                    f"Environment {self._environment} is being changed by {held.owner}, since "
                    f"{held.since:%Y-%m-%d %H:%M:%S} UTC (last sign of life {(now - held.touched).seconds} s ago). "
                    "Wait until it has ended. If that run is dead: "
                    f"`logops unlock {self._environment} --owner '{held.owner}'`."
                )
            if taken is not None:
                self._write(taken)

    def release(self, owner: str) -> None:
        """Give the lease back, if `owner` has it."""
        with locked(self._lock, "giving the lease back", _quietly):
            held = self.read()
            if held is not None and held.owner == owner:
                self._file.unlink(missing_ok=True)

    def read(self) -> Lease | None:
        """Who has the lease. A file that cannot be read is nobody's."""
        try:
            found = json.loads(self._file.read_text())
            return Lease(found["owner"], *(datetime.fromisoformat(found[key]) for key in ("since", "touched")))
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None

    def _write(self, lease: Lease) -> None:
        kept = {"owner": lease.owner, "since": lease.since.isoformat(), "touched": lease.touched.isoformat()}
        write_text(self._file, json.dumps(kept) + "\n")


def _quietly(_line: str) -> None:
    pass
