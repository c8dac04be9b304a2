"""A connection to the management API for one storage account."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logops.clients.blob_storage import ObjectStoreMisconfiguredError
from logops.clients.blob_storage.azure_errors import translated
from logops.clients.blob_storage.identity import machine_identity, require_identity
from logops.environment.storage import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AZURE = "https://management.azure.com"
_RETRIES = 5
"""Of a request that Azure throttles or cannot answer. The SDK waits as long as the answer says (`Retry-After`)."""

_MISSING = {"ResourceNotFound", "ManagementPolicyNotFound", "BlobInventoryPolicyNotFound"}


@dataclass(frozen=True)
class Managed:
    """An account, and the client that manages it."""

    client: Any
    """A StorageManagementClient. Its types know bodies as classes only; ours are JSON, as in Azure's documents."""
    doing: str
    """Start of an error's message."""
    group: str
    name: str
    id: str

    def send(
        self,
        method: str,
        path: str,
        version: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send a request to another resource provider, about this account, and return its answer.

        Two requests are no reason for two packages of the SDK.
        """
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, f"{self.id}/{path}", params={"api-version": version, **(params or {})}, json=body)
        response = self.client.send_request(request)
        response.raise_for_status()
        return dict(response.json()) if response.text() else {}


@contextmanager
def managed(
    doing: str,
    account: StorageAccount,
    role: str,
    credential: "TokenCredential | None" = None,
    endpoint: str = AZURE,
) -> Iterator[Managed]:
    """Connect to the management API. Every error in the block becomes an ObjectStoreError that starts with `doing`.

    role         the role that the block needs
    credential   default: this machine's identity
    """
    if account.resource_id is None:
        raise ObjectStoreMisconfiguredError(
            f"{doing}: the account has no resource_id in the environment file, and the management API requires it. Set "
            "it to the output of `az storage account show --name NAME --query id`."
        )
    require_identity(doing, credential)
    # The import takes seconds.
    from azure.core.pipeline import policies
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
    from azure.mgmt.storage import StorageManagementClient

    login = credential or machine_identity()
    _, _, subscription, _, group, *_, name = account.resource_id.split("/")
    with (
        translated(doing, role),
        StorageManagementClient(
            login,
            subscription,
            base_url=endpoint,
            # The SDK's own list also registers resource providers: a change of the subscription that nobody approved.
            policies=[
                policies.RequestIdPolicy(),
                policies.HeadersPolicy(),
                policies.UserAgentPolicy(base_user_agent="logops"),
                policies.ContentDecodePolicy(),
                policies.RedirectPolicy(),
                policies.RetryPolicy(retry_total=_RETRIES),
                ARMChallengeAuthenticationPolicy(login, f"{AZURE}/.default"),
            ],
        ) as client,
    ):
        yield Managed(client, doing, group, name, account.resource_id)


def found(read: Callable[[], Any]) -> Any:
    """Return an answer of Azure as plain JSON; None if Azure says that there is no such thing."""
    from azure.core.exceptions import HttpResponseError

    try:
        answer = read()
    except HttpResponseError as refusal:
        # A missing resource group has another code, and is an error.
        if getattr(refusal.error, "code", None) in _MISSING:
            return None
        raise
    return answer if isinstance(answer, dict) else answer.as_dict()
