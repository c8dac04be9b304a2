"""A match of a rule, without the value that matched."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Self

from logops.number_text import count_text
from logops.quality.secrets.errors import SaltError
from logops.quality.secrets.rules import Kind

MIN_SALT_CHARACTERS = 16
HASH_CHARACTERS = 16
"""64 bits: in a million different values, two have the same hash with a probability of 3e-8."""


@dataclass(frozen=True)
class Salt:
    """The key of the hashes. Without it, a short password could be guessed from its hash."""

    key: bytes
    is_kept: bool
    """Whether the next run has the same key, so that hashes of two runs can be compared."""

    @classmethod
    def of_environment(cls, secret: str, environment: str) -> Self:
        """Return the salt of an environment, derived from a secret that the environment names.

        Raises SaltError if the secret is so short that it could be guessed.
        """
        if len(secret) < MIN_SALT_CHARACTERS:
            raise SaltError(
                f"quality.salt of {environment!r}: the secret has {count_text(len(secret), 'character')}. At least "
                f"{MIN_SALT_CHARACTERS} are needed: it must not be guessed. Use random text: `openssl rand -hex 32`."
            )
        return cls(hmac.new(secret.encode(), environment.encode(), sha256).digest(), is_kept=True)

    @classmethod
    def of_this_run(cls) -> Self:
        """Return a random salt: hashes can be compared within this run only."""
        return cls(secrets.token_bytes(32), is_kept=False)

    def hash(self, value: bytes) -> str:
        return hmac.new(self.key, value, sha256).hexdigest()[:HASH_CHARACTERS]

    def __repr__(self) -> str:
        return f"Salt(is_kept={self.is_kept})"


class Part(StrEnum):
    """The part of an entry that a match is in."""

    LINE = "line"
    LABEL = "label"
    METADATA = "structured metadata"


@dataclass(frozen=True)
class Match:
    """A value that a rule matched. The value itself is nowhere in it."""

    rule_id: str
    kind: Kind
    stream: Mapping[str, str]
    """The labels of the stream. Secrets in them are masked."""
    part: Part
    name: str | None
    """The name of the label or of the metadata's key; None for a line."""
    timestamp_ns: int
    hash: str
    """Salted. Two matches with one hash have the same value."""
    position: int
    """Characters before the value: in the line, or in `name=value` of a label or of metadata."""
    length: int
    """Characters of the value."""
    example: str
    """The text around the match, in one line. Every match of any rule in it is masked."""
