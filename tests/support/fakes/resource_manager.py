"""A fake of Azure Resource Manager for one storage account: settings, containers, policies, diagnostics, roles.

Source: learn.microsoft.com/rest/api/storagerp; rest/api/monitor/diagnostic-settings; rest/api/authorization. A new
account is a long-running operation: 202 with `Location`, which answers 202 until it is done.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.fakes.management_api import served

SOON = {"x-ms-retry-after-ms": "10"}
"""Azure's other form of `Retry-After`, without which the SDK waits for 30 s."""
Answer = tuple[int, dict[str, Any], dict[str, str]]
"""Status, body, headers."""


def refused(status: int, code: str, **headers: str) -> Answer:
    """Return an error as Azure writes it."""
    return status, {"error": {"code": code, "message": f"{code}."}}, headers


@dataclass
class ResourceManager:
    """The state of the account, what was asked, and answers to give instead."""

    id: str
    account: dict[str, Any] | None = None
    """None: there is no such account."""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Path below the account -> body."""
    roles: dict[str, list[str]] = field(default_factory=dict)
    """Principal -> ids of its roles."""
    taken_names: set[str] = field(default_factory=set)
    instead: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    """Method and path below the account -> answers to give first."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path below the account, of every request."""
    polls: int = 0

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [asked for asked in self.asked if asked[0] != "GET" and asked[1] != "checkNameAvailability"]

    def answer(self, method: str, url: str, body: dict[str, Any], address: str) -> Answer:
        parts = urlsplit(url)
        path = parts.path.removeprefix(self.id).strip("/") if parts.path.startswith(self.id) else parts.path.strip("/")
        path = "checkNameAvailability" if path.endswith("/checkNameAvailability") else path
        self.asked.append((method, path))
        assert "api-version" in parse_qs(parts.query), f"{method} {url} has no api-version"
        if scripted := self.instead.get((method, path)):
            return scripted.pop(0)
        if path == "checkNameAvailability":
            free = body["name"] not in self.taken_names
            taken = {
                "reason": "AlreadyExists",
                "message": f"The storage account named {body['name']} is already taken.",
            }
            return 200, {"nameAvailable": free, **({} if free else taken)}, {}
        if path == "operations/create":
            self.polls += 1
            return (202, {}, {"Location": f"{address}{url}", **SOON}) if self.polls < 3 else self._read("")
        if path == "" and method == "PUT" and self.account is None:
            self._put_account(body)
            return 202, {}, {"Location": f"{address}/operations/create?api-version=1", **SOON}
        if path == "" and method == "PATCH":
            self._put_account(body)
            return self._read("")
        if path.endswith("roleAssignments"):
            return 200, {"value": self._assignments(parse_qs(parts.query)["$filter"][0])}, {}
        if self.account is None:
            return refused(404, "ResourceNotFound")
        if method == "PUT":
            self.resources[path] = {"id": f"{self.id}/{path}", "name": path.rpartition("/")[2], **body}
        if method == "DELETE":
            self.resources.pop(path, None)
            return 200, {}, {}
        return self._read(path)

    def _put_account(self, body: dict[str, Any]) -> None:
        account = self.account or {"id": self.id, "name": self.id.rpartition("/")[2], "properties": {}}
        properties = {**account["properties"], **body["properties"], "provisioningState": "Succeeded"}
        rules = properties["networkAcls"]["virtualNetworkRules"]
        properties["networkAcls"] = {
            **properties["networkAcls"],
            "virtualNetworkRules": [{**rule, "id": rule["id"].lower(), "state": "Succeeded"} for rule in rules],
            "ipv6Rules": [],
        }
        self.account = {**account, **body, "properties": properties}

    def _read(self, path: str) -> Answer:
        if path == "" and self.account:
            return 200, self.account, {}
        if path == "blobServices/default/containers":
            names = [name.rpartition("/")[2] for name in self.resources if name.startswith(f"{path}/")]
            return 200, {"value": [{"name": name, "properties": {"publicAccess": "None"}} for name in names]}, {}
        if path == "blobServices/default":
            return 200, self.resources.get(path, {"properties": {"cors": {"corsRules": []}}}), {}
        if path in self.resources:
            return 200, self.resources[path], {}
        missing = {
            "managementPolicies/default": "ManagementPolicyNotFound",
            "inventoryPolicies/default": "BlobInventoryPolicyNotFound",
        }
        return refused(404, missing.get(path, "ResourceNotFound"))

    def _assignments(self, condition: str) -> list[dict[str, Any]]:
        assert condition.startswith("atScope() and assignedTo(")
        principal = condition.split("'")[1]
        prefix = "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/"
        return [{"properties": {"roleDefinitionId": prefix + role}} for role in self.roles.get(principal, [])]


@contextmanager
def resource_manager(folder: Path, state: ResourceManager) -> Iterator[tuple[str, Path]]:
    """Serve a state. Yields the address and the certificate."""

    class Handler(BaseHTTPRequestHandler):
        # A TLS connection for each request, and waiting for small packets, would take most of a test's time.
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            status, content, headers = state.answer(self.command, self.path, body, f"https://{self.headers['Host']}")
            data = json.dumps(content).encode() if content else b""
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = _answer

        def log_message(self, *_: object) -> None:
            pass

    with served(folder, Handler) as found:
        yield found
