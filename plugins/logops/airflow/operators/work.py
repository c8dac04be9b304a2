"""What every rollout task does around its work: open the environment, and end for good when the work fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

if TYPE_CHECKING:
    from logops.environment import Environment
    from logops.findings.store import ResultsStore
    from logops.platforms.platform import Platform

FAILURE = "failure"
"""XCom key under which a failed task leaves its message for the summary."""
_LONGEST_MESSAGE = 8000


@contextmanager
def final_failure(ti: Any) -> Iterator[None]:
    """Whatever is raised inside is the task's answer: told to the summary, and not tried again.

    A task that was killed raises nothing, so Airflow's retries are left for those.
    """
    try:
        yield
    except (Exception, AirflowTaskTimeout) as error:
        message = (str(error) or type(error).__name__)[:_LONGEST_MESSAGE]
        ti.xcom_push(key=FAILURE, value=message)
        raise AirflowFailException(message) from error


def read_environment(name: str) -> "Environment":
    """The environment of a name. Raises EnvironmentFileError, ProjectNotFoundError."""
    # Imported when a task runs: a DAG file is parsed every few seconds.
    from logops.environment import find_environment, load_environment
    from logops.toolchain import project_root

    return load_environment(find_environment(name, project_root()))


def open_platform(environment: "Environment") -> "Platform":
    """Open an environment's platform with the secrets that Airflow keeps.

    Raises SecretMissingError, PlatformError.
    """
    from logops import platforms
    from logops.toolchain import project_root

    _give_secrets(environment)
    return platforms.open_platform(environment, project_root())


def open_to_read(environment: "Environment") -> "Platform":
    """The same, for a task that changes nothing: of any environment. Raises SecretMissingError."""
    from logops import platforms
    from logops.toolchain import project_root

    _give_secrets(environment)
    return platforms.open_to_read(environment, project_root())


def _give_secrets(environment: "Environment") -> None:
    """Programs get their secrets as variables, and inherit them from the task that starts them."""
    from logops.airflow.hooks.secrets import connection_secrets

    os.environ.update(connection_secrets(environment, os.environ))


def results_store(environment: "Environment") -> "ResultsStore":
    """Where an environment's results are kept."""
    from logops.findings.store import ResultsStore
    from logops.platforms import results_url
    from logops.toolchain import project_root

    return ResultsStore(results_url(environment, project_root()))
