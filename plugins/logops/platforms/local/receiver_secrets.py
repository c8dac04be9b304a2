"""The secrets of Alertmanager's receivers on the local platform: one private file for each, named by its variable.

Alertmanager reads such a file with every notification, and reads no variables.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from logops.environment import Environment
from logops.environment.base import SecretRef
from logops.platforms.local.atomic import write_text
from logops.platforms.local.private import make_private
from logops.platforms.platform import PlatformError
from logops.render.alertmanager import own_alertmanagers, secrets_of


class ReceiverSecrets:
    """The secrets in a folder."""

    def __init__(self, folder: Path, environment: Environment, variables: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environment = environment
        self._variables = variables

    def require(self) -> None:
        """Raise PlatformError if a receiver's secret is not known."""
        known = self.known()
        for receiver, ref in self._references():
            if ref.variable not in known:
                raise PlatformError(_missing(self._environment.name, receiver, ref))

    def store(self) -> None:
        """Store the secrets whose variables are set. A secret whose variable is not set keeps its file."""
        known = self.known()
        if known:
            make_private(self._folder)
        for variable, secret in known.items():
            write_text(self._folder / variable, secret, mode=0o600)

    def known(self) -> dict[str, str]:
        """Return the known secrets by variable."""
        secrets = {ref.variable: self._value(ref.variable) for _, ref in self._references()}
        return {variable: secret for variable, secret in secrets.items() if secret}

    def _value(self, variable: str) -> str:
        if secret := self._variables.get(variable):
            return secret
        try:
            return (self._folder / variable).read_text()
        except FileNotFoundError:
            return ""

    def _references(self) -> Iterator[tuple[str, SecretRef]]:
        """Yield every secret with the path of its receiver."""
        for audience, declared in own_alertmanagers(self._environment).items():
            for receiver, ref in secrets_of(declared):
                yield f"alerts.{audience}.receivers.{receiver}", ref


def _missing(environment: str, receiver: str, ref: SecretRef) -> str:
    create = (
        f"Create the Airflow connection {ref.connection!r} with the secret as its password, or set"
        if ref.connection
        else "Set"
    )
    return (
        f"rolling out Alertmanager of {environment}: {receiver} needs the secret of {ref}, which is not known here. "
        f"Nothing was changed. {create} the variable {ref.variable}, then roll out again."
    )
