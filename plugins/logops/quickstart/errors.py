"""Why `make up` stops.

QuickstartError
├── PortTaken           Airflow's port belongs to somebody else
├── AirflowNotHealthy   Airflow did not come up, with the last lines it printed
├── AirflowRefused      Airflow's API answered with an error
├── AirflowUnreachable  Airflow's API did not answer
├── RolloutFailed       the rollout ran and failed, with the failing task's last lines
├── NoResult            an audit or a benchmark was not carried out, with the failing task's last lines
└── NoHistory           the sample history was pushed, and Loki does not give it back
"""


class QuickstartError(Exception):
    """Something keeps `make up` from going on; the message says what, and what to do."""


class PortTaken(QuickstartError):
    """Another process listens where Airflow should."""


class AirflowNotHealthy(QuickstartError):
    """Airflow ended, or was not healthy in time."""


class AirflowUnreachable(QuickstartError):
    """No answer from Airflow's API."""


class AirflowRefused(QuickstartError):
    """Airflow's API answered with an error status."""

    def __init__(self, doing: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{doing}: Airflow answered {status}: {reason}")


class RolloutFailed(QuickstartError):
    """The `rollout` DAG's run failed."""


class NoResult(QuickstartError):
    """A DAG's run ended without the summary that its last task leaves."""


class NoHistory(QuickstartError):
    """Loki took the sample history and does not show it."""
