"""Read from the results store what a plan is compared with: the last audit's counts, the last rollout's findings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logops.findings.kinds import ROLLOUTS
from logops.rollout.record import RolloutOutcome

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.findings.store import ResultsStore
    from logops.usage.usage import Held


@dataclass(frozen=True)
class KnownResults:
    """Earlier results of an environment."""

    held: "Held | None" = None
    """Statistics of the last audit; None if there are none."""
    uncounted: str = "The results of the audits were not read."
    """If `held` is None: why, and what to do."""
    findings: frozenset[str] | None = None
    """Findings of the last successful rollout, as `PlanFinding.identity`; None if it recorded none."""
    rolled_out_at: datetime | None = None
    """Time of that rollout."""


def read_known(store: "ResultsStore", environment: "Environment") -> KnownResults:
    """Return what the store knows. A store that cannot be read is not an error: then nothing is known."""
    from logops.findings.store import StoreUnreachableError
    from logops.usage.usage import last_held

    try:
        held = last_held(store, environment.name, [*environment.clusters])
        findings, rolled_out_at = _last_findings(store, environment.name)
    except StoreUnreachableError as error:
        return KnownResults(uncounted=f"The results of the last audit could not be read. {error}")
    uncounted = (
        f"No audit has counted the chunks of {environment.name}. `logops audit retention {environment.name}` counts "
        "them; then make the plan again."
    )
    return KnownResults(held, "" if held else uncounted, findings, rolled_out_at)


def _last_findings(store: "ResultsStore", environment: str) -> tuple[frozenset[str] | None, datetime | None]:
    from logops.findings.store import NothingStoredError

    # All columns: records of earlier versions have no findings.
    sql = f"select * from {ROLLOUTS} where environment = $environment and outcome in ($new, $same) order by as_of desc"
    parameters = {
        "environment": environment,
        "new": RolloutOutcome.ROLLED_OUT.value,
        "same": RolloutOutcome.NOTHING_TO_CHANGE.value,
    }
    try:
        rows = store.query(ROLLOUTS, f"{sql} limit 1", parameters=parameters).to_pylist()
    except NothingStoredError:
        return None, None
    if not rows or rows[0].get("findings") is None:
        return None, None
    return frozenset(rows[0]["findings"]), rows[0]["as_of"].astimezone(UTC)
