"""The last delivery of alerts, in the results store, so that Prometheus notices when there is no next one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

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


def write_last_delivery(store: "ResultsStore", environment: str, paused: Collection[str], now: datetime) -> None:
    """Store that alerts were delivered now. One file a day, replaced by each delivery. Raises StoreUnreachableError."""
    import pyarrow as pa

    row = {"environment": environment, "at": now, "paused": sorted(paused)}
    schema = pa.schema(
        {"environment": pa.string(), "at": pa.timestamp("us", tz="UTC"), "paused": pa.list_(pa.string())}
    )
    store.write(DELIVERIES, environment, pa.Table.from_pylist([row], schema=schema), now)


def read_last_delivery(store: "ResultsStore", environment: str) -> LastDelivery | None:
    """Return the last delivery; None: there was none. Raises StoreUnreachableError."""
    from logops.findings.store import NothingStoredError

    sql = f'select "at", paused from "{DELIVERIES}" where environment = $environment order by "at" desc limit 1'
    try:
        rows = store.query(DELIVERIES, sql, parameters={"environment": environment}).to_pylist()
    except NothingStoredError:
        return None
    return LastDelivery(rows[0]["at"], tuple(rows[0]["paused"])) if rows else None
