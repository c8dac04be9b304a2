"""Result files that cannot be read: cut, overwritten, or of another program or version.

Such a file is left out of the reading. As a run of a check, it proves nothing: what was open before it stays open.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import unquote

from logops.findings.classes.rollout import RESULTS_UNREADABLE
from logops.findings.model import Finding, Run, Subject

_TIME_IN_ID = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def unreadable_run(
    environment: str, check: str, file: str, reason: str, day: date, written: datetime
) -> tuple[Run, tuple[Finding, ...]]:
    """Return the run of a file that cannot be read: its only finding says so.

    file      path of the file below the results store
    day       day of the run, from its folder
    written   when the file was written; the run's own time is in the file
    """
    name = file.rpartition("/")[2].removeprefix(f"{environment}.{check}.").removesuffix(".parquet")
    as_of = _moment(unquote(name), day, written)
    return Run(environment, check, unquote(name), as_of), (unreadable(environment, file, reason, as_of),)


def unreadable(environment: str, file: str, reason: str, as_of: datetime) -> Finding:
    """Return the finding for a file that cannot be read."""
    return Finding(
        RESULTS_UNREADABLE,
        Subject(environment, path=file),
        f"The result file {file} cannot be read: {reason}. It is left out. What it held is unknown.",
        as_of,
        {"reason": reason},
    )


def _moment(run_id: str, day: date, written: datetime) -> datetime:
    """Return the time of a run: the one in its id, else when its file was written; in any case of its day."""
    midnight = datetime.combine(day, time(), UTC)
    in_id = _TIME_IN_ID.search(run_id)
    moment = datetime.fromisoformat(in_id[0]).replace(tzinfo=UTC) if in_id else written
    return min(max(moment, midnight), midnight + timedelta(days=1, seconds=-1))
