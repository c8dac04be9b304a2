"""The key store of the local platform: it generates missing account keys and stores them in one private file.

The file is `secrets.env`, mode 0600, with one `NAME=VALUE` per line. supervisord gets the keys as variables when it
starts, and passes them to the processes. The salt of hashes is in a file of its own, because no process needs it.
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
"""Length of Azure's own account keys."""
_SALT_BYTES = 32
_MIN_SECRET_LENGTH = 8
"""Shorter values are not redacted: they occur in ordinary words, and are no real secrets."""


class KeyStore:
    """The secrets of an environment's storage accounts, by variable name."""

    def __init__(self, file: Path, environment: Environment, variables: Mapping[str, str] = os.environ) -> None:
        self._file = file
        self._environment = environment
        self._variables = variables

    def known(self) -> dict[str, str]:
        """Return every known secret by variable name: from variables that are set, else from the file."""
        from_environment = {name: self._variables[name] for name in self._names() if self._variables.get(name)}
        return {**self._stored(), **from_environment}

    def complete(self) -> dict[str, str]:
        """Return every secret by variable name, and generate and store missing ones.

        Raises PlatformError if a missing secret is in an Airflow connection: this process cannot read it.
        """
        known = self.known()
        missing = [name for name in self._names() if name not in known]
        if in_connections := [name for name in missing if self._names()[name]]:
            raise PlatformError(
                f"starting {self._environment.name}: {self._names()[in_connections[0]]} is not known on this machine. "
                f"Set the variable {in_connections[0]}, or write {{env: NAME}} in the environment file: the local "
                "platform then generates the key."
            )
        if missing:
            generated = {name: base64.b64encode(random_source.token_bytes(_KEY_BYTES)).decode() for name in missing}
            stored = {**self._stored(), **generated}
            write_text(self._file, "".join(f"{name}={value}\n" for name, value in stored.items()), mode=0o600)
            known |= generated
        return known

    def _names(self) -> dict[str, str]:
        """Return variable -> the Airflow connection that has the key; "" if the variable itself has it."""
        keys = [account.account_key for account in self._environment.storage_accounts.values()]
        return {key.variable: str(key) if key.connection else "" for key in keys if key}

    def _stored(self) -> dict[str, str]:
        try:
            lines = self._file.read_text().splitlines()
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in lines if "=" in line)


def generated_once(file: Path) -> str:
    """Return the random secret in a file. Without the file, create it, readable by its owner only.

    Raises PlatformError if it cannot be written.
    """
    try:
        return file.read_text()
    except FileNotFoundError:
        secret = random_source.token_hex(_SALT_BYTES)
        write_text(file, secret, mode=0o600)
        return secret


def redact(text: str, secrets: Mapping[str, str]) -> str:
    """Return `text` with every secret value replaced."""
    for value in sorted(secrets.values(), key=len, reverse=True):
        if len(value) >= _MIN_SECRET_LENGTH:
            text = text.replace(value, "***")
    return text
