"""Errors of `make up`.

QuickstartError
├── PortTakenError           another program uses Airflow's port
├── AirflowNotHealthyError   Airflow did not become healthy; with its last log lines
├── AirflowRefusedError      Airflow's API answered with an error
├── AirflowUnreachableError  Airflow's API did not answer
├── RolloutFailedError       the rollout failed; with the last lines of the failed task
├── NoResultError            an audit or a benchmark did not finish; with the last lines of the failed task
├── NoHistoryError           the sample history was pushed, and Loki does not return it
├── DrillRefusedError        a drill cannot start here; nothing was broken
└── DrillFailedError         a drill was not found, not alerted, not repaired or not resolved
"""

from logops.errors import LogopsError


class QuickstartError(LogopsError):
    """`make up` cannot continue. The message says why, and what to do."""


class PortTakenError(QuickstartError):
    """Another process listens on Airflow's port."""


class AirflowNotHealthyError(QuickstartError):
    """Airflow ended, or was not healthy in time."""


class AirflowUnreachableError(QuickstartError):
    """Airflow's API did not answer."""


class AirflowRefusedError(QuickstartError):
    """Airflow's API answered with an error status."""

    def __init__(self, doing: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{doing}: Airflow answered {status}: {reason}")


class RolloutFailedError(QuickstartError):
    """The run of the `rollout` DAG failed."""


class NoResultError(QuickstartError):
    """A run ended without the summary of its last task."""


class NoHistoryError(QuickstartError):
    """Loki accepted the sample history and does not return it."""


class DrillRefusedError(QuickstartError):
    """A drill cannot start now. Nothing was broken."""


class DrillFailedError(QuickstartError):
    """A drill did not end as it should."""
