"""Group the tables of an audit by tenant and phase: a year of tables is a few lines. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from logops.audit.policy.phase import Phase
from logops.audit.report.result import TableRow


@dataclass(frozen=True, slots=True)
class PhaseGroup:
    """The tables of a tenant that are in the same phase."""

    rows: tuple[TableRow, ...]

    @property
    def cluster(self) -> str:
        return self.rows[0].cluster

    @property
    def tenant(self) -> str:
        return self.rows[0].tenant

    @property
    def phase(self) -> Phase:
        return self.rows[0].phase

    @property
    def oldest(self) -> TableRow:
        return min(self.rows, key=lambda row: row.day)

    @property
    def newest(self) -> TableRow:
        return max(self.rows, key=lambda row: row.day)

    @property
    def first_due(self) -> TableRow:
        """The table whose next step is due first; any table if nothing is due."""
        return min(self.rows, key=lambda row: (row.due is None, row.due.timestamp() if row.due else 0.0, row.day))

    def overdue(self, as_of: datetime) -> int:
        """Return the number of tables whose next step is overdue."""
        return sum(row.is_overdue(as_of) for row in self.rows)

    def total(self, name: str) -> int:
        """Return the sum of a number of `TableRow`, such as `chunks`."""
        return sum(getattr(row, name) for row in self.rows)


def phase_groups(rows: Iterable[TableRow]) -> list[PhaseGroup]:
    """Return the groups by cluster and tenant, in the order of the phases."""
    order = {phase: number for number, phase in enumerate(Phase)}
    by_group: dict[tuple[str, str, int], list[TableRow]] = {}
    for row in rows:
        by_group.setdefault((row.cluster, row.tenant, order[row.phase]), []).append(row)
    return [PhaseGroup(tuple(members)) for _, members in sorted(by_group.items(), key=lambda item: item[0])]


def table_count(rows: Iterable[TableRow]) -> int:
    """Return the number of tables: a table of three tenants counts once."""
    return len({(row.cluster, row.table) for row in rows})
