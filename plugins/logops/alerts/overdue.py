"""Find the checks that have not completed when they should. Pure."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from logops.checks.schedule import intervals, overdue_at
from logops.environment import Environment
from logops.findings import Finding, Subject
from logops.findings.classes.alerts import CHECK_OVERDUE


def overdue_checks(
    environment: Environment,
    last_runs: Mapping[str, datetime],
    first_rollout: datetime | None,
    paused: Collection[str],
    now: datetime,
) -> Iterator[Finding]:
    """Yield a finding for each check whose next run is overdue.

    last_runs       time of the newest run of each check
    first_rollout   a check that never ran is expected from then on; None: from its first run on
    paused          checks that a person paused: they are not overdue
    """
    for check in intervals(environment):
        since = last_runs.get(check, first_rollout)
        due = overdue_at(environment, check, since) if since else None
        if check in paused or since is None or due is None or now <= due:
            continue
        last = f"its last run was at {since:%Y-%m-%d %H:%M} UTC" if check in last_runs else "it has never run"
        yield Finding(
            CHECK_OVERDUE,
            Subject(environment.name, path=check),
            f"{check} should have completed by {due:%Y-%m-%d %H:%M} UTC, and {last}.",
            now,
            {"due": due.isoformat(timespec="minutes")},
        )
