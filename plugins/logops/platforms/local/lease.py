"""The lease of an environment, in a file. Unlike a lock, it stays when a process of the run ends."""

import json
from datetime import UTC, datetime
from pathlib import Path

from logops.platforms.holder import Holder, this_process
from logops.platforms.lease import Lease, refusal, taken_or_refused
from logops.platforms.local.atomic import write_text
from logops.platforms.local.lock import locked
from logops.platforms.platform import LeaseHeldError


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
                raise LeaseHeldError(refusal(self._environment, held))
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
        return held if held and held.is_alive(datetime.now(UTC)) else None

    def read(self) -> Lease | None:
        """Return the current lease. An unreadable file counts as no lease."""
        try:
            return Lease.from_dict(json.loads(self._file.read_text()))
        except (FileNotFoundError, ValueError):
            return None

    def _take(self, held: Lease | None, owner: str, holder: Holder | None = None) -> str:
        lease, takeover = taken_or_refused(held, self._environment, owner, holder)
        write_text(self._file, json.dumps(lease.to_dict()) + "\n")
        return takeover


def _quietly(_line: str) -> None:
    pass
