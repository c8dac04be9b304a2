"""What every part of an environment file shares: strictness, names and references to secrets."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""Lower-case letters, digits and hyphens, as Kubernetes and Azure containers take them."""


class Model(BaseModel):
    """A frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class SecretRef(Model):
    """Where a secret is kept. The secret itself never stands in an environment file."""

    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    """Name of an environment variable."""
    connection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,250}$")] | None = None
    """Id of an Airflow connection; its password is the secret."""

    @model_validator(mode="after")
    def _one(self) -> "SecretRef":
        if (self.env is None) == (self.connection is None):
            raise ValueError("name the secret by exactly one of: env, connection")
        return self

    @property
    def variable(self) -> str:
        """The environment variable in which a process finds the secret.

        >>> SecretRef(connection="event_hub").variable
        'LOGOPS_CONNECTION_EVENT_HUB'
        """
        return self.env or "LOGOPS_CONNECTION_" + re.sub(r"[^A-Z0-9]", "_", str(self.connection).upper())

    def __str__(self) -> str:
        return f"environment variable {self.env}" if self.env else f"Airflow connection {self.connection!r}"
