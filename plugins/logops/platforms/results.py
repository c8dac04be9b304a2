"""The results of an environment: their location, and the login that it needs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from logops.clients.blob_storage.identity import require_identity
from logops.environment import Environment

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore

STATE = ".logops"
"""The only folder of a project that logops writes to; each environment has a subfolder."""
_AZURE = ("abfs://", "abfss://", "az://")
_LOGINS = (
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_CLIENT_ID",
    "AZURE_STORAGE_ANON",
)
"""Variables with which adlfs logs in. Without any of them, it uses this machine's identity (adlfs/spec.py)."""


def results_url(environment: Environment, root: Path) -> str:
    """Return the fsspec URL of the results store. A relative path starts at the environment's state folder."""
    if "://" in environment.results:
        return environment.results.rstrip("/")
    return str(root / STATE / environment.name / environment.results)


def open_results(environment: Environment, root: Path) -> "ResultsStore":
    """Return the results store. Raises ObjectStoreError if it needs an Azure identity and this machine has none."""
    from logops.findings.store import ResultsStore

    url = results_url(environment, root)
    if needs_identity(url, os.environ):
        require_identity(f"logging in to the results store of {environment.name}")
    return ResultsStore(url)


def needs_identity(url: str, variables: Mapping[str, str]) -> bool:
    """Return whether a results store is on Azure, and no variable has a login for it."""
    return url.startswith(_AZURE) and not any(variables.get(name) for name in _LOGINS)
