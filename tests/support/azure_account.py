"""The storage account of production on a fake of Azure, for tests of its plan, its writes and its drift."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from logops.clients.blob_storage import ObjectStoreError
from logops.environment import Environment
from logops.environment.storage import StorageAccount
from logops.platforms.azure.account import compare_account, write_account
from logops.platforms.azure.accounts import AzureAccounts
from logops.platforms.platform import PlatformError
from logops.platforms.preview import Preview
from logops.render import Files
from logops.render.files import to_yaml
from logops.render.storage import azure_account_state
from tests.support.environments import environment
from tests.support.fakes.resource_manager import ResourceManager, refused, resource_manager

NAME = "monitoring"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/monitoring/providers"
ID = f"{SUBSCRIPTION}/Microsoft.Storage/storageAccounts/oversightmonitoring"
SUBNET = f"{SUBSCRIPTION}/Microsoft.Network/virtualNetworks/aks/subnets/nodes"
WORKSPACE = f"{SUBSCRIPTION}/Microsoft.OperationalInsights/workspaces/logs"
PRINCIPAL = "11111111-2222-3333-4444-555555555555"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
EVERYTHING = (
    ("storage_accounts.monitoring.location", "eastus2"),
    ("storage_accounts.monitoring.principal_id", PRINCIPAL),
    ("storage_accounts.monitoring.network", {"subnets": [SUBNET], "addresses": ["203.0.113.0/24"]}),
    ("storage_accounts.monitoring.diagnostics", WORKSPACE),
    ("storage_accounts.monitoring.inventory", {"container": "logops-results", "rule": "audits"}),
)


class Somebody:
    """A credential with a token that the fake server does not check."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("secret-token", 2**33)


class AzureAccount:
    """The account of production, declared with changes, on a fake of Azure."""

    def __init__(self, address: str, server: ResourceManager) -> None:
        self.address = address
        self.server = server

    def environment(self, *changes: tuple[str, Any]) -> Environment:
        return environment("production", *(changes or EVERYTHING))

    def declared(self, *changes: tuple[str, Any]) -> tuple[StorageAccount, dict[str, Any]]:
        declared = self.environment(*changes)
        return declared.storage_accounts[NAME], azure_account_state(declared, NAME)

    def accounts(self, *changes: tuple[str, Any]) -> AzureAccounts:
        account, _ = self.declared(*changes)
        return AzureAccounts({NAME: account}, Somebody(), self.address)

    def files(self, *changes: tuple[str, Any]) -> Files:
        """Return the files of the stage `storage` that are about the account."""
        return Files({f"storage/{NAME}.yaml": to_yaml("production", self.declared(*changes)[1])})

    def preview(self, *changes: tuple[str, Any]) -> Preview:
        return self.accounts(*changes).preview(self.files(*changes))

    def write(self, *changes: tuple[str, Any]) -> list[str]:
        """Write the account, and return the reported progress."""
        lines: list[str] = []
        write_account(*self.declared(*changes), Somebody(), self.address, lines.append)
        return lines

    def differing(self, *changes: tuple[str, Any]) -> list[str]:
        comparison = compare_account(*self.declared(*changes), Somebody(), self.address)
        return [each.part for each in comparison.differences]

    def refuse(self, method: str, path: str, status: int, code: str, times: int = 1, **headers: str) -> None:
        self.server.instead[method, path] = [refused(status, code, **headers)] * times


@contextmanager
def azure_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureAccount]:
    server = ResourceManager(ID, roles={PRINCIPAL: [CONTRIBUTOR]})
    with resource_manager(folder, server) as (address, certificate):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        yield AzureAccount(address, server)


def message(action: Callable[[], Any]) -> str:
    with pytest.raises((PlatformError, ObjectStoreError)) as refusal:
        action()
    return str(refusal.value)
