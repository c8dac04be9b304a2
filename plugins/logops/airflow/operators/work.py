"""Shared by all tasks: open the environment, and fail without a retry if the work fails."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

from logops.airflow.docs_pages import finding_url
from logops.airflow.page_address import page_url
from logops.findings import Finding, Severity
from logops.findings.log_text import log_lines

if TYPE_CHECKING:
    from airflow.sdk import Context
    from azure.core.credentials import TokenCredential

    from logops.environment import Environment
    from logops.findings.store import ResultsStore
    from logops.platforms.platform import DeployablePlatform, ReadablePlatform

FAILURE = "failure"
"""XCom key of a failed task's message, for the summary task."""
REFUSED = "refused"
"""XCom key of a failed task that changed nothing, because the rollout was refused."""
HEADLINE = "headline"
"""XCom key of the result in one line, with the environment first. It becomes the note of the run."""
MOST_LOGGED = 20
"""Entries of findings in a log."""
_LONGEST_MESSAGE = 8000
_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.ERROR: logging.ERROR,
    Severity.CRITICAL: logging.CRITICAL,
}


@contextmanager
def final_failure(ti: Any) -> Iterator[None]:
    """Fail the task for good if anything is raised inside, and leave the message for the summary task.

    A task that was killed raises nothing, so Airflow still retries it.
    """
    from logops.rollout.errors import RolloutRefusedError

    try:
        yield
    except (Exception, AirflowTaskTimeout) as error:
        message = (str(error) or type(error).__name__)[:_LONGEST_MESSAGE]
        ti.xcom_push(key=FAILURE, value=message)
        if isinstance(error, RolloutRefusedError):
            ti.xcom_push(key=REFUSED, value=True)
        raise AirflowFailException(message) from error


def report_findings(log: Any, ti: Any, headline: str, findings: Iterable[Finding], *, failed: bool) -> None:
    """Log the headline, then the findings, each at the level of its severity. Leave the headline for the run's note.

    Of many findings, the most serious ones are logged: the page has all of them.
    """
    ti.xcom_push(key=HEADLINE, value=headline)
    log.log(logging.ERROR if failed else logging.INFO, "%s", headline)
    for line in log_lines(findings, finding_url, MOST_LOGGED):
        log.log(_LEVELS[line.severity], "%s", line.text)


def end_log(log: Any, headline: str, environment: str, *, failed: bool) -> None:
    """Write the end of a check's log, where Airflow's log opens: the verdict first, then the address of the page."""
    log.log(logging.ERROR if failed else logging.INFO, "%s", headline)
    log.info("All findings with their history, tables and trends: %s#findings", page_url(environment))


def judged_moment(as_of: str | None, context: "Context") -> datetime:
    """Return the moment that a check judges at: its parameter, or the moment that the run is for."""
    from logops.checks.as_of import AsOfError, read_as_of

    try:
        return read_as_of(as_of, context["dag_run"].run_after)
    except AsOfError as error:
        raise AirflowFailException(f"as_of: {error}") from None


def read_environment(name: str) -> "Environment":
    """Read an environment file by name. Raises EnvironmentFileError, ProjectNotFoundError."""
    # Imported when a task runs: Airflow parses DAG files every few seconds.
    from logops.environment import find_environment, load_environment
    from logops.toolchain import project_root

    return load_environment(find_environment(name, project_root()))


def open_platform(environment: "Environment") -> "DeployablePlatform":
    """Open an environment's platform with the secrets that Airflow keeps.

    Raises SecretMissingError, ClusterConnectionError, AzureConnectionError, PlatformError.
    """
    from logops import platforms
    from logops.airflow.hooks.secrets import receiver_secrets
    from logops.toolchain import project_root

    _give_login(environment)
    platform = platforms.open_platform(environment, project_root(), _azure_login(environment))
    _give_secrets(environment)
    os.environ.update(receiver_secrets(environment, os.environ))
    _give_cluster_secrets(environment)
    return platform


def open_to_read(environment: "Environment") -> "ReadablePlatform":
    """Open the platform of any environment for reading. Raises SecretMissingError, AzureConnectionError."""
    from logops import platforms
    from logops.toolchain import project_root

    _give_secrets(environment)
    return platforms.open_to_read(environment, project_root(), _azure_login(environment))


def open_to_alert(environment: "Environment") -> "ReadablePlatform":
    """Open the platform of any environment to send its alerts. Raises SecretMissingError.

    With the login to its cluster, a delivery sees that a rollout runs. Without it, nothing is muted.
    """
    if environment.platform.kind == "kubernetes":
        from logops.airflow.hooks.kubernetes import ClusterConnectionError

        # A rollout with this connection fails too, so there is none that mutes.
        with suppress(ClusterConnectionError):
            _give_login(environment)
    return open_to_read(environment)


def open_to_compare(environment: "Environment") -> "ReadablePlatform":
    """Open the platform of any environment to compare it with its file.

    Raises SecretMissingError, AzureConnectionError.
    """
    from logops import platforms
    from logops.toolchain import project_root

    _give_login(environment)
    _give_secrets(environment)
    platform = platforms.open_to_compare(environment, project_root(), _azure_login(environment))
    _give_cluster_secrets(environment)
    return platform


def _give_login(environment: "Environment") -> None:
    """Set the variables with which this process and helm log in to the environment's Kubernetes cluster."""
    if environment.platform.kind != "kubernetes":
        return
    from logops.airflow.hooks.kubernetes import cluster_login

    for variable, value in cluster_login(environment.platform.connection).items():
        os.environ.pop(variable, None)
        if value:
            os.environ[variable] = value


def _azure_login(environment: "Environment") -> "TokenCredential | None":
    """Return the login to Azure that an Airflow connection holds; None: this machine's identity is used."""
    if environment.platform.kind != "kubernetes":
        return None
    from logops.airflow.hooks.azure import azure_login

    return azure_login(environment.platform.azure_connection)


def _give_cluster_secrets(environment: "Environment") -> None:
    """Set the secrets of the pods of an environment on Kubernetes."""
    if environment.platform.kind != "kubernetes":
        return
    from logops import platforms
    from logops.airflow.hooks.secrets import cluster_secrets
    from logops.toolchain import project_root

    rendered = platforms.rendered(environment, project_root())
    os.environ.update(cluster_secrets(rendered.values(), os.environ))


def _give_secrets(environment: "Environment") -> None:
    """Set the secrets as environment variables, which the programs that a task starts inherit."""
    from logops.airflow.hooks.secrets import connection_secrets, login_secrets

    os.environ.update(connection_secrets(environment, os.environ))
    os.environ.update(login_secrets(environment, os.environ))


def results_store(environment: "Environment") -> "ResultsStore":
    """Open the store of an environment's results. Raises ObjectStoreError if this machine has no login for it."""
    from logops.platforms import open_results
    from logops.toolchain import project_root

    return open_results(environment, project_root())


def results_folder(environment: "Environment") -> str:
    """Return the URL of an environment's results."""
    from logops.platforms import results_url
    from logops.toolchain import project_root

    return results_url(environment, project_root())


def work_folder(environment: "Environment", dag_id: str, run_id: str) -> str:
    """Return the URL of the folder through which the tasks of an audit's run exchange their work."""
    from logops.audit.run import work_url

    return work_url(results_folder(environment), f"{dag_id}.{run_id}")
