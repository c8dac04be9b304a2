"""Read an environment's secrets from Airflow connections."""

from collections.abc import Iterable, Mapping

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from logops.environment import Environment
from logops.environment.base import SecretRef
from logops.errors import LogopsError
from logops.render.alertmanager import alertmanagers, login_secret, own_alertmanagers, secrets_of
from logops.render.kubernetes import secret_sources


class SecretMissingError(LogopsError):
    """A secret is not in the place that the environment names."""

    needs_a_person = True


def connection_secrets(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the account keys that Airflow connections hold, by environment variable.

    A variable that is already set takes precedence. Raises SecretMissingError.
    """
    secrets: dict[str, str] = {}
    for name, account in environment.storage_accounts.items():
        ref = account.account_key
        if ref is None or ref.connection is None or variables.get(ref.variable):
            continue
        password = _password(ref.connection)
        if not password:
            raise SecretMissingError(
                f"storage_accounts.{name}.account_key of {environment.name!r}: the Airflow connection "
                f"{ref.connection!r} does not exist or has no password. Create it with the account's key as its "
                f"password, or set the variable {ref.variable}."
            )
        secrets[ref.variable] = password
    return secrets


def cluster_secrets(stages: Iterable[Mapping[str, str]], variables: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets that the files of stages need in a Kubernetes cluster, by environment variable.

    A variable that is already set takes precedence. A missing connection is no error here: the stage that needs it says
    so.
    """
    sources = [source for files in stages for source in secret_sources(files)]
    refs = [ref for source in sources for ref in (*source.values.values(), *source.users.values())]
    return _passwords(refs, variables)


def receiver_secrets(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of Alertmanager's receivers that Airflow connections hold, by environment variable.

    A variable that is already set takes precedence. A missing connection is no error here: the platform may have stored
    the secret before, and names the receiver if it has not.
    """
    refs = [ref for declared in own_alertmanagers(environment).values() for _, ref in secrets_of(declared)]
    return _passwords(refs, variables)


def login_secrets(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets of logins to Alertmanagers that Airflow connections hold, by environment variable.

    A variable that is already set takes precedence. A missing connection is no error here: only who sends alerts needs
    it, and says so.
    """
    logins = (login_secret(declared) for declared in alertmanagers(environment).values())
    return _passwords([login[1] for login in logins if login], variables)


def _passwords(refs: Iterable[SecretRef], variables: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords of connections by environment variable, without those whose variable is set."""
    wanted = {ref.variable: ref.connection for ref in refs if ref.connection and not variables.get(ref.variable)}
    return {variable: secret for variable, id_ in wanted.items() if (secret := _password(id_))}


def _password(connection: str) -> str | None:
    """Return the password of a connection; None if there is no such connection, or no password in it."""
    try:
        return BaseHook.get_connection(connection).password
    except AirflowNotFoundException:
        return None


def salt_secret(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the secret of `quality.salt` if an Airflow connection holds it, by environment variable.

    A variable that is already set takes precedence. A missing connection is no error: logs are checked without it too.
    """
    ref = environment.quality.salt
    if ref is None or ref.connection is None or variables.get(ref.variable):
        return {}
    password = _password(ref.connection)
    return {ref.variable: password} if password else {}
