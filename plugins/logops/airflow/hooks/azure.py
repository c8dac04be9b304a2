"""Log in to Azure with an Airflow connection of the Microsoft Azure provider."""

import json
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.microsoft.azure.hooks.base_azure import AzureBaseHook
from airflow.sdk.definitions.connection import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from logops.errors import LogopsError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_PUBLIC = "AzurePublicCloud"
_KEY_FILES = ("key_path", "key_json")
"""Logins that the provider reads only for Azure's older clients, which logops does not use."""


class AzureConnectionError(LogopsError, ValueError):
    """The fields of a connection do not describe a login that logops can use."""


def azure_login(connection: str) -> "TokenCredential | None":
    """Return the login of a connection, for the management API and for Blob storage; None if there is no connection.

    Without one, this machine's own identity is used. Nothing is sent to Azure here. Raises AzureConnectionError.
    """
    hook = AzureBaseHook(conn_id=connection)
    try:
        found = hook.get_connection(connection)
    except AirflowNotFoundException:
        return None
    extra = found.extra_dejson
    if problem := _problem(found, extra):
        raise AzureConnectionError(f"Airflow connection {connection!r}: {problem}")
    # Without this field, the provider returns a login for Azure's older clients, which has no `get_token`.
    usable = Connection(
        conn_id=connection,
        conn_type="azure",
        login=found.login,
        password=found.password,
        extra=json.dumps({**extra, "use_azure_identity_object": True}),
    )
    return cast("TokenCredential", hook.get_credential(conn=usable))


def _problem(connection: Connection, extra: dict[str, Any]) -> str:
    """Return why a connection cannot be used, and what to do; empty if it can."""
    if used := [name for name in _KEY_FILES if extra.get(name)]:
        return f"{used[0]} is not supported. Set login (client id), password (secret) and tenantId instead."
    fields = {"login": connection.login, "password": connection.password, "tenantId": extra.get("tenantId")}
    missing = [name for name, value in fields.items() if not value]
    # The provider would use the identity of the worker without a word.
    if missing and (connection.login or connection.password):
        rule = "Set login (client id), password (secret) and tenantId, or none of them."
        return f"it has no {' and no '.join(missing)}. {rule}"
    cloud = extra.get("cloud_environment") or _PUBLIC
    return "" if cloud == _PUBLIC else f"cloud_environment is {cloud!r}. logops manages accounts of {_PUBLIC} only."
