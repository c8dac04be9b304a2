"""This machine's Azure identity, shared by all clients of a process. Imports azure."""

import logging
import re
from functools import cache
from typing import TYPE_CHECKING

from logops.clients.blob_storage.errors import NO_IDENTITY, ObjectStoreMisconfiguredError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

SCOPE = "https://storage.azure.com/.default"
_REFUSAL = re.compile(r"AADSTS\d+: [^\r\n]*")
"""Entra ID's own sentence about a refused login. It names the tenant and the application, and contains no secret."""


@cache
def machine_identity() -> "TokenCredential":
    """Return the identity: of the environment variables, the pod, the VM, or the user of Azure CLI. Sends nothing."""
    from azure.identity import DefaultAzureCredential

    # Without an identity, the SDK logs 17 lines about each of its nine ways to log in. The error says it in one.
    sdk = logging.getLogger("azure.identity")
    if sdk.level == logging.NOTSET:
        sdk.setLevel(logging.CRITICAL)
    return DefaultAzureCredential()


def require_identity(doing: str, credential: "TokenCredential | None" = None) -> None:
    """Log in once. Raises ObjectStoreMisconfiguredError if this machine has no identity, or Azure refuses it.

    Without this check, a client would find it at its first request, and repeat the request for minutes.

    doing        start of the message
    credential   default: this machine's identity
    """
    from azure.core.exceptions import AzureError

    try:
        (credential or machine_identity()).get_token(SCOPE)
    except AzureError as error:
        raise ObjectStoreMisconfiguredError(f"{doing}: {login_problem(str(error))}") from None


def login_problem(sdk_text: str) -> str:
    """Return why a login failed, and what to do, in one sentence.

    sdk_text   the SDK's message, of many lines
    """
    refusal = _REFUSAL.search(sdk_text)
    return f"Azure refused the login: {refusal[0]}" if refusal else NO_IDENTITY
