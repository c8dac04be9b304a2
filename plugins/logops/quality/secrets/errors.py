"""Errors of the search for secrets. No message contains a scanned value."""

from logops.errors import LogopsError


class SecretsError(LogopsError):
    """The search for secrets failed."""


class SaltError(SecretsError):
    """The secret for the salt of hashes is not usable."""


class CompressedFileError(SecretsError):
    """A file is compressed in a way that logops does not read."""


class RulesError(SecretsError, ValueError):
    """A file of rules cannot be used. The message names the rule and the mistake."""
