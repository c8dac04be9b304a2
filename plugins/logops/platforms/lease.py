"""The lease of an environment: the right of one run to change it. Where it is stored is the platform's choice."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from logops.platforms.holder import Holder, Machine, is_known_dead, is_running, this_machine
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

    @property
    def held_by_dead(self) -> bool:
        """Whether the process that holds it is known to be dead."""
        return self.holder is not None and _is_dead(self.holder)

    def is_alive(self, as_of: datetime) -> bool:
        """Return whether a run that may still work holds it."""
        return as_of - self.touched < STALE and not self.held_by_dead

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "owner": self.owner,
            "since": self.since.isoformat(),
            "touched": self.touched.isoformat(),
            "holder": asdict(self.holder) if self.holder else None,
        }

    @classmethod
    def from_dict(cls, content: Any) -> "Lease | None":
        """Read what `to_dict` returned. None if it is something else."""
        try:
            since, touched = (datetime.fromisoformat(content[key]) for key in ("since", "touched"))
            return cls(content["owner"], since, touched, _holder(content.get("holder")))
        except (ValueError, LookupError, TypeError):
            return None


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


def taken_or_refused(
    held: Lease | None, environment: str, owner: str, holder: Holder | None = None
) -> tuple[Lease, str]:
    """Return the lease that `owner` gets now, and a line about the dead run that held it, else an empty text.

    holder   the process that is the whole run of `owner`

    Raises LeaseHeldError while another run holds it.
    """
    dead = held is not None and held.held_by_dead
    lease = taken_by(held, owner, datetime.now(UTC), holder=holder, held_by_dead=dead)
    if lease is None:
        assert held is not None
        raise LeaseHeldError(refusal(environment, held))
    return lease, _takeover(held, dead=dead) if held is not None and held.owner != owner else ""


def refusal(environment: str, held: Lease) -> str:
    """Return why another run cannot change an environment now, and what to do."""
    process = f" (process {held.holder.pid})" if held.holder else ""
    return (
        f"Environment {environment} is being changed by {held.owner}{process}, since "
        f"{held.since:%Y-%m-%d %H:%M:%S} UTC; it last renewed its lease at {held.touched:%H:%M:%S} UTC. "
        f"Wait until it has ended. If that run is dead: `logops unlock {environment} --owner '{held.owner}'`."
    )


def _takeover(held: Lease, *, dead: bool) -> str:
    reason = (
        f"its process {held.holder.pid} has ended"
        if dead and held.holder
        else f"it has not renewed its lease since {held.touched:%Y-%m-%d %H:%M:%S} UTC"
    )
    return f"Taking the lease over from {held.owner}: {reason}."


def _is_dead(holder: Holder) -> bool:
    return is_known_dead(holder, this_machine(), running=is_running(holder))


def _holder(content: Any) -> Holder | None:
    """Return the stored holder; None if nobody holds the lease, or another version of logops wrote the text."""
    try:
        return Holder(Machine(**content["machine"]), int(content["pid"]), int(content["start"]))
    except (LookupError, TypeError, ValueError):
        return None
