"""A Kubernetes secret in the files of a stage: its keys, and where each value comes from. It has no value.

The file is `STAGE/secrets/NAME.yaml`. A platform reads the values when it applies the stage, from Airflow connections
or environment variables, and stores them in Kubernetes only.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from logops.environment.base import SecretRef
from logops.render.files import to_yaml
from logops.stages import Stage

PASSWORD_FILE = ".htpasswd"
"""Key of the file with users and hashed passwords, as nginx reads it."""
_FILE = re.compile(r"[a-z]+/secrets/[^/]+\.yaml")


@dataclass(frozen=True)
class SecretSource:
    """A Kubernetes secret that an environment wants, without its values."""

    name: str
    namespace: str
    values: Mapping[str, SecretRef] = field(default_factory=dict)
    """Key -> the secret that becomes its value."""
    users: Mapping[str, SecretRef] = field(default_factory=dict)
    """User -> password. Together they become the key `.htpasswd`."""

    def texts(self, environment_name: str, stage: Stage) -> dict[str, str]:
        """Return the file of the secret."""
        text = to_yaml(
            environment_name,
            {
                "name": self.name,
                "namespace": self.namespace,
                "values": {key: _reference(secret) for key, secret in self.values.items()},
                "users": {user: _reference(password) for user, password in self.users.items()},
            },
        )
        return {f"{stage}/secrets/{self.name}.yaml": text}

    def manifest(self, read: Callable[[SecretRef], str]) -> dict[str, Any]:
        """Return the Kubernetes object, for the API server only. The same secrets give the same object.

        read   returns a secret
        """
        data = {key: read(secret) for key, secret in self.values.items()}
        if self.users:
            lines = [f"{user}:{_hash(user, read(password))}\n" for user, password in self.users.items()]
            data[PASSWORD_FILE] = "".join(lines)
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {"app.kubernetes.io/managed-by": "logops"},
            },
            "type": "Opaque",
            "data": {key: b64encode(value.encode()).decode() for key, value in data.items()},
        }


def secret_sources(files: Mapping[str, str]) -> Iterator[SecretSource]:
    """Yield the secrets in the files of a stage, in the order of the files."""
    for name, text in files.items():
        if _FILE.fullmatch(name):
            loaded = yaml.safe_load(text)
            yield SecretSource(
                loaded["name"],
                loaded["namespace"],
                {key: SecretRef(**reference) for key, reference in loaded["values"].items()},
                {user: SecretRef(**reference) for user, reference in loaded["users"].items()},
            )


def _reference(secret: SecretRef) -> dict[str, str]:
    return secret.model_dump(exclude_none=True)


def _hash(user: str, password: str) -> str:
    """Return a salted hash that nginx checks (ngx_crypt.c).

    The salt depends on user and password only. With a random one, every rollout would change the secret.
    """
    salt = hashlib.sha256(f"{user}\0{password}".encode()).digest()[:16]
    # nginx has no stronger hash on every system.
    digest = hashlib.sha1(password.encode() + salt).digest()
    return "{SSHA}" + b64encode(digest + salt).decode()
