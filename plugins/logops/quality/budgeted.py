"""Send queries that fit into the budget of a run. The index is asked before each query, which costs almost nothing."""

from datetime import datetime

from logops.clients.loki import LokiClient, LokiError, Point, Series, Statistics, nanoseconds
from logops.number_text import size_text
from logops.quality.measured import Cost


class TooExpensiveError(LokiError):
    """A query that may read more than what is left of the budget. It was not sent."""


class BudgetedQueries:
    """Queries of one tenant, which count what they cost."""

    def __init__(self, client: LokiClient, tenant: str, cost: Cost, copies: int) -> None:
        """Create the queries of a tenant. `copies` is the replication factor of its cluster."""
        self._client = client
        self._tenant = tenant
        self._cost = cost
        self._copies = copies
        self._estimates: dict[str, int] = {}

    def at_end(self, selector: str, query: str, start: datetime, end: datetime) -> list[Point]:
        """Return the value of a metric query at `end`. It reads the lines of `selector` since `start`.

        Raises TooExpensiveError.
        """
        self.refuse_if_too_expensive(selector, start, end)
        points, statistics = self._client.measured_query(self._tenant, query, nanoseconds(end))
        self.spent(statistics)
        return points

    def at_steps(self, query: str, first: datetime, last: datetime, step_s: int) -> list[Series]:
        """Return a metric query at every step of a range. The caller asks `refuse_if_too_expensive` before."""
        series, statistics = self._client.measured_range(
            self._tenant, query, nanoseconds(first), nanoseconds(last), step_s, fresh=True
        )
        self.spent(statistics)
        return series

    def refuse_if_too_expensive(self, selector: str, start: datetime, end: datetime) -> None:
        """Raise TooExpensiveError if the lines of a selector are more than what is left of the budget."""
        key = f"{selector} {start}"
        if key not in self._estimates:
            self._cost.queries += 1
            stats = self._client.index_stats(self._tenant, selector, nanoseconds(start), nanoseconds(end))
            self._estimates[key] = stats.bytes
        expected_bytes = self._cost.expected_bytes(self._estimates[key], self._copies)
        if expected_bytes > self._cost.left_bytes:
            raise TooExpensiveError(
                f"the query may read {size_text(expected_bytes)}, and {size_text(self._cost.left_bytes)} "
                f"of the budget of {size_text(self._cost.limit_bytes)} are left. It was not sent. Raise "
                "quality.budget, or shorten quality.window"
            )
        self._cost.estimated_bytes += self._estimates[key]

    def spent(self, statistics: Statistics) -> None:
        """Add what a query really read."""
        self._cost.queries += 1
        self._cost.bytes += statistics.bytes_processed
