"""Sent, received and stored lines of a run, as rows for people and for the results store. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from logops.quality.balance import ClusterBalance, TenantBalance

COLUMNS = ("delivery", "sent", "received", "refused", "copies", "stored", "missing", "note")


@dataclass(frozen=True)
class DeliveryRow:
    """The lines of a tenant that arrived since the run before, or those that all agents of a cluster sent."""

    cluster: str
    tenant: str
    """Empty: all tenants that the agents of the cluster send to."""
    since: datetime
    sent: int | None
    """Lines that Loki acknowledged to agents. None: agents do not count by tenant."""
    received: int | None
    refused: int | None
    copies: int | None
    """Lines that the ingesters had already, at most."""
    stored: int | None
    missing: int
    missing_share: float | None
    """Share of the received lines that a query does not find; None: they were not compared, or reported."""
    note: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def texts(self) -> tuple[str, ...]:
        """Return the values as texts, in the order of COLUMNS."""
        numbers = (self.sent, self.received, self.refused, self.copies, self.stored, self.missing)
        return (self.name, *("-" if number is None else f"{number:,}" for number in numbers), self.note)

    @property
    def name(self) -> str:
        return f"{self.cluster}/{self.tenant}" if self.tenant else f"{self.cluster}, all agents"

    def text(self) -> str:
        """Return the values as one line, for a log."""
        name, *values = self.texts()
        return f"{name}: " + ", ".join(
            f"{column} {value}" for column, value in zip(COLUMNS[1:], values, strict=True) if value not in ("-", "")
        )


def delivery_rows(balances: Sequence[TenantBalance], sent: Sequence[ClusterBalance]) -> tuple[DeliveryRow, ...]:
    """Return one row per cluster whose agents were read, and one per tenant."""
    agents = [
        DeliveryRow(each.cluster, "", each.since, each.sent, each.received, None, None, None, each.missing, None, "")
        for each in sent
    ]
    tenants = [
        DeliveryRow(
            each.cluster,
            each.tenant,
            each.since,
            None,
            each.received,
            each.refused,
            each.copies,
            each.stored,
            each.missing,
            each.missing_share,
            f"not compared: {each.doubt}" if each.doubt else "",
        )
        for each in balances
    ]
    return tuple(sorted([*agents, *tenants], key=lambda row: (row.cluster, row.tenant)))
