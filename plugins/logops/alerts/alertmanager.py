"""Open an Alertmanager that an environment names, with the login that its proxy asks for."""

import os
from collections.abc import Mapping

from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.alertmanager.errors import AlertmanagerError
from logops.clients.http.auth import BasicAuth, BearerToken
from logops.environment import Environment
from logops.environment.base import SecretRef
from logops.environment.cluster import Data
from logops.render.alertmanager import alertmanagers


def open_alertmanager(
    environment: Environment, audience: Data, url: str, *, retry_for_s: float = 0.0
) -> AlertmanagerClient:
    """Return a client of one Alertmanager. Raises AlertmanagerError if its login is not known."""
    login = login_of(environment, audience, os.environ)
    return AlertmanagerClient(url, auth=login, retry_for_s=retry_for_s)


def login_of(environment: Environment, audience: Data, variables: Mapping[str, str]) -> BasicAuth | BearerToken | None:
    """Return the login for the Alertmanagers of an audience; None: they ask for none.

    Raises AlertmanagerError if its secret is not known here, or cannot be sent.
    """
    declared = alertmanagers(environment).get(audience)
    if declared and declared.basic_auth:
        path = f"alerts.{audience}.basic_auth.password"
        return BasicAuth(
            declared.basic_auth.username, _secret(environment, path, declared.basic_auth.password, variables)
        )
    if declared and declared.bearer_token:
        path = f"alerts.{audience}.bearer_token"
        token = BearerToken(_secret(environment, path, declared.bearer_token, variables))
        if not token.is_sendable:
            raise AlertmanagerError(
                f"logging in to the Alertmanagers of {environment.name}: the secret of {path} contains a line break or "
                "a letter that a header cannot have. Store the token without it."
            )
        return token
    return None


def _secret(environment: Environment, path: str, ref: SecretRef, variables: Mapping[str, str]) -> str:
    secret = variables.get(ref.variable)
    if not secret:
        raise AlertmanagerError(
            f"logging in to the Alertmanagers of {environment.name}: {path} is the secret of {ref}, which is not known "
            f"here. {ref.how_to_set}"
        )
    return secret
