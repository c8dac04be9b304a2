"""The last delivery of alerts, in the results store, so that Prometheus notices when there is no next one."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from logops.alerts.mutes import Mute
from logops.findings.kinds import DELIVERIES

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

INTERVAL = timedelta(minutes=5)
"""Between two deliveries: the schedule of the DAG alert_delivery."""


@dataclass(frozen=True, slots=True)
class LastDelivery:
    """When alerts were last delivered, and what was known about the checks then."""

    at: datetime
    paused: tuple[str, ...]
    """Checks that a person paused."""
    mutes: tuple[Mute, ...] = ()


def write_last_delivery(
    store: "ResultsStore", environment: str, paused: Collection[str], now: datetime, mutes: Collection[Mute] = ()
) -> None:
    """Store that alerts were delivered now. One file a day, replaced by each delivery. Raises StoreUnreachableError."""
    import pyarrow as pa

    row = {
        "environment": environment,
        "at": now,
        "paused": sorted(paused),
        "mutes": [asdict(mute) for mute in mutes],
    }
    text, moment = pa.string(), pa.timestamp("us", tz="UTC")
    mute = pa.struct({"audience": text, "text": text, "until": moment})
    schema = pa.schema({"environment": text, "at": moment, "paused": pa.list_(text), "mutes": pa.list_(mute)})
    store.write(DELIVERIES, environment, pa.Table.from_pylist([row], schema=schema), now)


def read_last_delivery(store: "ResultsStore", environment: str) -> LastDelivery | None:
    """Return the last delivery; None: there was none. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    # An earlier version stored no mutes.
    sql = f'select * from "{DELIVERIES}" where environment = $environment order by "at" desc limit 1'
    try:
        rows = store.query(DELIVERIES, sql, parameters={"environment": environment}).to_pylist()
    except NothingStoredError:
        return None
    if not rows:
        return None
    mutes = tuple(Mute(**mute) for mute in rows[0].get("mutes") or ())
    return LastDelivery(rows[0]["at"], tuple(rows[0]["paused"]), mutes)
