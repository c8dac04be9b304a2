"""The lease of an environment, in the cluster: an object of kind Lease (coordination.k8s.io)."""

import json
from datetime import UTC, datetime
from typing import Any

from logops.platforms.holder import this_process
from logops.platforms.kubernetes.api import Api, ApiError
from logops.platforms.kubernetes.plan.objects import Object
from logops.platforms.lease import STALE, Lease, refusal, taken_or_refused
from logops.platforms.platform import LeaseHeldError
from logops.render.kubernetes.manifest import manifest

_KIND = ("coordination.k8s.io/v1", "Lease")
_LEASE = "logops/lease"
"""Annotation with everything that logops needs. The fields of the spec are for people: `kubectl get lease`."""
_ATTEMPTS = 10


class ClusterLease:
    """The lease in the namespace of an environment. The API server refuses a change of an old version, so two runs that
    take it at the same moment cannot both succeed."""

    def __init__(self, api: Api, namespace: str, environment: str) -> None:
        self._api = api
        self._namespace = namespace
        self._environment = environment
        self._name = f"logops-{environment}"

    def acquire(self, owner: str, *, one_process: bool = False) -> str:
        """Acquire or renew the lease, as `LeaseStore.acquire` does. Raises LeaseHeldError."""
        holder = this_process() if one_process else None
        for _ in range(_ATTEMPTS):
            stored = self._stored()
            lease, takeover = taken_or_refused(_read(stored), self._environment, owner, holder)
            if self._write(stored, lease):
                return takeover
        raise LeaseHeldError(
            f"acquiring the lease of {self._environment}: other runs took it {_ATTEMPTS} times. Try again."
        )

    def renew(self, owner: str) -> None:
        """Renew the lease if there is one. Raises LeaseHeldError if another run has taken it over."""
        held = _read(self._stored())
        if held is None:
            return
        if held.owner != owner:
            raise LeaseHeldError(refusal(self._environment, held))
        self.acquire(owner)

    def release(self, owner: str) -> bool:
        """Release the lease if `owner` holds it. Return whether it did."""
        stored = self._stored()
        held = _read(stored)
        if stored is None or held is None or held.owner != owner:
            return False
        version = {"resourceVersion": stored["metadata"]["resourceVersion"]}
        try:
            return self._api.delete(*_KIND, self._name, self._namespace, body={"preconditions": version})
        except ApiError as error:
            if error.status == 409:
                return self.release(owner)
            raise

    def since(self) -> datetime | None:
        """Return since when a run holds the lease. None: no run does, or only one that is dead."""
        held = self._alive()
        return held.since if held else None

    def owner(self) -> str | None:
        """Return the run that holds the lease. None: no run does, or only one that is dead."""
        held = self._alive()
        return held.owner if held else None

    def _alive(self) -> Lease | None:
        held = _read(self._stored())
        return held if held and held.is_alive(datetime.now(UTC)) else None

    def _stored(self) -> Object | None:
        return self._api.read(*_KIND, self._name, self._namespace)

    def _write(self, stored: Object | None, lease: Lease) -> bool:
        """Store a lease. Return False if the stored one has changed in the meantime."""
        wanted = manifest(*_KIND, self._name, self._namespace, {"spec": _spec(lease)})
        wanted["metadata"]["annotations"] = {_LEASE: json.dumps(lease.to_dict())}
        try:
            if stored is None:
                self._api.create(wanted, self._namespace)
            else:
                wanted["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
                self._api.replace(wanted, self._namespace)
        except ApiError as error:
            if error.status in (404, 409):
                return False
            raise
        return True


def _spec(lease: Lease) -> dict[str, Any]:
    return {
        "holderIdentity": lease.owner,
        "acquireTime": _text(lease.since),
        "renewTime": _text(lease.touched),
        "leaseDurationSeconds": int(STALE.total_seconds()),
    }


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"


def _read(stored: Object | None) -> Lease | None:
    annotations = (stored["metadata"].get("annotations") or {}) if stored else {}
    try:
        return Lease.from_dict(json.loads(annotations.get(_LEASE, "null")))
    except ValueError:
        return None
