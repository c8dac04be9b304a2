"""Why `make up` stops.

QuickstartError
├── PortTakenError           Airflow's port belongs to somebody else
├── AirflowNotHealthyError   Airflow did not come up, with the last lines it printed
├── AirflowRefusedError      Airflow's API answered with an error
├── AirflowUnreachableError  Airflow's API did not answer
├── RolloutFailedError       the rollout ran and failed, with the failing task's last lines
├── NoResultError            an audit or a benchmark was not carried out, with the failing task's last lines
└── NoHistoryError           the sample history was pushed, and Loki does not give it back
"""

from logops.errors import LogopsError


class QuickstartError(LogopsError):
    """Something keeps `make up` from going on; the message says what, and what to do."""


class PortTakenError(QuickstartError):
    """Another process listens where Airflow should."""


class AirflowNotHealthyError(QuickstartError):
    """Airflow ended, or was not healthy in time."""


class AirflowUnreachableError(QuickstartError):
    """No answer from Airflow's API."""


class AirflowRefusedError(QuickstartError):
    """Airflow's API answered with an error status."""

    def __init__(self, doing: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{doing}: Airflow answered {status}: {reason}")


class RolloutFailedError(QuickstartError):
    """The `rollout` DAG's run failed."""


class NoResultError(QuickstartError):
    """A DAG's run ended without the summary that its last task leaves."""


class NoHistoryError(QuickstartError):
    """Loki took the sample history and does not show it."""
