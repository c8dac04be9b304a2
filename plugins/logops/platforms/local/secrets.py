"""The key store of the local platform: missing account keys are generated once and kept in one private file.

`secrets.env`, mode 0600, one `NAME=VALUE` per line. It is the only file in the state folder with a secret. Processes
get theirs as variables from supervisord, which gets them at its start.
"""

import base64
import os
import secrets as random_source
from collections.abc import Mapping
from pathlib import Path

from logops.environment import Environment
from logops.platforms.local.atomic import write_text
from logops.platforms.platform import PlatformError

_KEY_BYTES = 64
"""As many as Azure's own account keys have."""
_SHORTEST = 8
"""A shorter value is not a secret, and removing it would damage messages."""


class KeyStore:
    """The secrets of an environment's storage accounts, by variable name."""

    def __init__(self, file: Path, environment: Environment, variables: Mapping[str, str] = os.environ) -> None:
        self._file = file
        self._environment = environment
        self._variables = variables

    def known(self) -> dict[str, str]:
        """Return every known secret: from the file, and from variables that are set."""
        given = {name: self._variables[name] for name in self._names() if self._variables.get(name)}
        return {**self._stored(), **given}

    def complete(self) -> dict[str, str]:
        """Return every secret; generate missing ones.

        Raises PlatformError if one is kept in an Airflow connection, so that it cannot be generated here.
        """
        known = self.known()
        missing = [name for name in self._names() if name not in known]
        if elsewhere := [name for name in missing if self._names()[name]]:
            raise PlatformError(
                f"starting {self._environment.name}: {self._names()[elsewhere[0]]} is not known here. "
                f"Set the variable {elsewhere[0]}, or refer to the key as {{env: NAME}}: the local platform makes it."
            )
        if missing:
            made = {name: base64.b64encode(random_source.token_bytes(_KEY_BYTES)).decode() for name in missing}
            stored = {**self._stored(), **made}
            write_text(self._file, "".join(f"{name}={value}\n" for name, value in stored.items()), mode=0o600)
            known |= made
        return known

    def _names(self) -> dict[str, str]:
        """Return each variable and the place of its value; empty if that is the variable itself."""
        keys = [account.account_key for account in self._environment.storage_accounts.values()]
        return {key.variable: str(key) if key.connection else "" for key in keys if key}

    def _stored(self) -> dict[str, str]:
        try:
            lines = self._file.read_text().splitlines()
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in lines if "=" in line)


def redact(text: str, secrets: Mapping[str, str]) -> str:
    """Return `text` with every secret value replaced."""
    for value in sorted(secrets.values(), key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, "***")
    return text
