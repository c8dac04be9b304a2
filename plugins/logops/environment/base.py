"""The base of all models of an environment file: strict models, names and references to secrets."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""Lower-case letters, digits and hyphens, as Kubernetes and Azure containers require."""


class Model(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class SecretRef(Model):
    """A reference to a secret. An environment file never contains the secret itself."""

    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    """Name of an environment variable."""
    connection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,250}$")] | None = None
    """Id of an Airflow connection whose password is the secret."""

    @model_validator(mode="after")
    def _exactly_one_reference(self) -> "SecretRef":
        if (self.env is None) == (self.connection is None):
            raise ValueError("name the secret by exactly one of: env, connection")
        return self

    @property
    def variable(self) -> str:
        """Return the environment variable from which a process reads the secret.

        >>> SecretRef(connection="event_hub").variable
        'LOGOPS_CONNECTION_EVENT_HUB'
        """
        return self.env or "LOGOPS_CONNECTION_" + re.sub(r"[^A-Z0-9]", "_", str(self.connection).upper())

    @property
    def how_to_set(self) -> str:
        """Return how a person makes the secret known, as a sentence."""
        connection = f"Create the Airflow connection {self.connection!r} with the secret as its password, or set"
        return f"{connection if self.connection else 'Set'} the variable {self.variable}."

    def __str__(self) -> str:
        return f"environment variable {self.env}" if self.env else f"Airflow connection {self.connection!r}"


class BasicAuth(Model):
    """A user and a password for an HTTP server."""

    username: Annotated[str, Field(pattern=r"^[^:]+$")]
    password: SecretRef
