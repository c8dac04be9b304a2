"""Read an environment's secrets from Airflow connections."""

from collections.abc import Mapping

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from logops.environment import Environment
from logops.errors import LogopsError


class SecretMissingError(LogopsError):
    """A secret is not in the place that the environment names."""


def connection_secrets(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the account keys that Airflow connections hold, by environment variable.

    A variable that is already set takes precedence. Raises SecretMissingError.
    """
    secrets: dict[str, str] = {}
    for name, account in environment.storage_accounts.items():
        ref = account.account_key
        if ref is None or ref.connection is None or variables.get(ref.variable):
            continue
        try:
            password = BaseHook.get_connection(ref.connection).password
        except AirflowNotFoundException:
            password = None
        if not password:
            raise SecretMissingError(
                f"storage_accounts.{name}.account_key of {environment.name!r}: the Airflow connection "
                f"{ref.connection!r} does not exist or has no password. Create it with the account's key as its "
                f"password, or set the variable {ref.variable}."
            )
        secrets[ref.variable] = password
    return secrets


def salt_secret(environment: Environment, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the secret of `quality.salt` if an Airflow connection holds it, by environment variable.

    A variable that is already set takes precedence. A missing connection is no error: logs are checked without it too.
    """
    ref = environment.quality.salt
    if ref is None or ref.connection is None or variables.get(ref.variable):
        return {}
    try:
        password = BaseHook.get_connection(ref.connection).password
    except AirflowNotFoundException:
        return {}
    return {ref.variable: password} if password else {}
