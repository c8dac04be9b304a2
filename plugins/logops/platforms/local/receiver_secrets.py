"""The secrets of receivers and of logins on the local platform: one private file for each, named by its variable.

Alertmanager and Prometheus read such a file with every notification, and read no variables.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from logops.environment import Environment
from logops.environment.base import SecretRef
from logops.findings.classes.rollout import SECRET_MISSING
from logops.platforms.local.atomic import write_text
from logops.platforms.local.private import make_private
from logops.platforms.platform import PlatformError
from logops.platforms.preview import Mark
from logops.render.alertmanager import alerting_secrets


class ReceiverSecrets:
    """The secrets in a folder."""

    def __init__(self, folder: Path, environment: Environment, variables: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environment = environment
        self._variables = variables

    def marks(self) -> Iterator[Mark]:
        """Yield a mark of the plan for each secret that is not known."""
        for path, ref in self._missing():
            message = f"{path} needs the secret of {ref}, which is not known here."
            yield Mark(SECRET_MISSING, path, message, "always", f"{ref.how_to_set} Then plan again.")

    def require(self) -> None:
        """Raise PlatformError if a secret is not known."""
        for path, ref in self._missing():
            raise PlatformError(
                f"rolling out Alertmanager of {self._environment.name}: {path} needs the secret of {ref}, which is not "
                f"known here. Nothing was changed. {ref.how_to_set} Then roll out again."
            )

    def store(self) -> None:
        """Store the secrets whose variables are set. A secret whose variable is not set keeps its file."""
        known = self.known()
        if known:
            make_private(self._folder)
        for variable, secret in known.items():
            write_text(self._folder / variable, secret, mode=0o600)

    def known(self) -> dict[str, str]:
        """Return the known secrets by variable."""
        secrets = {ref.variable: self._value(ref.variable) for _, ref in alerting_secrets(self._environment)}
        return {variable: secret for variable, secret in secrets.items() if secret}

    def _missing(self) -> Iterator[tuple[str, SecretRef]]:
        known = self.known()
        return ((path, ref) for path, ref in alerting_secrets(self._environment) if ref.variable not in known)

    def _value(self, variable: str) -> str:
        if secret := self._variables.get(variable):
            return secret
        try:
            return (self._folder / variable).read_text()
        except FileNotFoundError:
            return ""
