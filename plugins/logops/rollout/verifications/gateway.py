"""The gateway: for each tenant, what a user pushes is read by those who may, each line once, and by nobody else."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from logops.clients.http.auth import BasicAuth
from logops.clients.loki import Entry, LokiClient, nanoseconds
from logops.clients.loki.errors import LokiError, LokiRefusedError
from logops.environment.gateway import GatewayUser
from logops.number_text import count_text
from logops.platforms.platform import DeployablePlatform
from logops.rollout.verifications.verification import NotVerifiedError, Verification, new_marker, wait_for

LINES = 5
ARRIVE_SECONDS = 30.0
LABELS = {"job": "logops-verify"}
SELECTOR = '{job="logops-verify"}'
_FORBIDDEN = 403


def verifications(platform: DeployablePlatform, cluster: str) -> Iterator[Verification]:
    """Yield a verification for each tenant; none, if the platform has no gateway."""
    declared = platform.environment.clusters[cluster]
    url = platform.gateway_url(cluster)
    if url is None or declared.gateway is None:
        return
    for tenant in declared.tenants:
        run = partial(_pushed_and_read, platform, url, cluster, tenant)
        yield Verification("pushed-and-read-through-gateway", f"{cluster}/{tenant}", run)


def _pushed_and_read(platform: DeployablePlatform, url: str, cluster: str, tenant: str) -> str:
    gateway = platform.environment.clusters[cluster].gateway
    assert gateway  # The caller checked it.
    users = gateway.users
    writers = _allowed(users, tenant, "write")
    readers = _allowed(users, tenant, "read")
    marker, now = new_marker(), datetime.now(UTC)
    lines = [
        Entry(nanoseconds(now) + number, LABELS, f"{marker} {number} written by logops to verify tenant {tenant}")
        for number in range(LINES)
    ]
    by = _push(platform, url, cluster, tenant, users, writers, lines)
    window = (nanoseconds(now - timedelta(minutes=1)), nanoseconds(now + timedelta(minutes=1)))
    query = f"{SELECTOR} |= `{marker}`"
    for user in readers:
        _until_read(url, user, users[user], tenant, query, window)
    if leaks := [
        user for user in users if user not in readers and _reads(url, user, users[user], tenant, query, window)
    ]:
        raise NotVerifiedError(f"{', '.join(leaks)} may not read {tenant}, and got its lines")
    read = f"read by {', '.join(readers)}" if readers else "no user may read them"
    return f"{count_text(LINES, 'line')} pushed by {by}, {read}; {len(users) - len(readers)} others do not see them"


def _push(
    platform: DeployablePlatform,
    url: str,
    cluster: str,
    tenant: str,
    users: Mapping[str, GatewayUser],
    writers: Sequence[str],
    lines: Sequence[Entry],
) -> str:
    """Push as the first user that may. If there is none, push past the gateway. Return who pushed."""
    user = writers[0] if writers else ""
    client = _client(url, user, users[user]) if user else LokiClient(platform.write_url(cluster))
    try:
        with client:
            client.push(tenant, lines)
    except LokiError as error:
        raise NotVerifiedError(f"pushing as {user or 'logops'} for {tenant}: {error}") from error
    return user or "logops, past the gateway: no user may write"


def _until_read(url: str, user: str, declared: GatewayUser, tenant: str, query: str, window: tuple[int, int]) -> None:
    """Wait until a user reads each line. Raises NotVerifiedError, at once if it reads one twice."""
    found: list[Entry] = []
    with _client(url, user, declared) as reader:

        def look() -> bool | None:
            # More than are expected, so that a line that came twice is seen.
            found[:] = reader.query_logs(tenant, query, *window, limit=2 * LINES)
            return True if len(found) >= LINES else None

        try:
            wait_for(look, lambda: f"{user} read {len(found)} of {LINES} lines of {tenant}", ARRIVE_SECONDS)
        except LokiError as error:
            raise NotVerifiedError(f"reading {tenant} as {user}: {error}") from error
    if len(found) != LINES:
        raise NotVerifiedError(f"{user} read {len(found)} lines of {tenant}, and {LINES} were pushed")


def _reads(url: str, user: str, declared: GatewayUser, tenant: str, query: str, window: tuple[int, int]) -> bool:
    """Return whether a user who may not read a tenant gets its lines."""
    with _client(url, user, declared) as reader:
        try:
            return bool(reader.query_logs(tenant, query, *window, limit=1))
        except LokiRefusedError as refused:
            if refused.status == _FORBIDDEN:
                return False
            raise NotVerifiedError(f"reading {tenant} as {user}, who may not: {refused}") from refused


def _client(url: str, user: str, declared: GatewayUser) -> LokiClient:
    """Return a client that logs in as a user. Raises NotVerifiedError if the password is not known here."""
    password = os.environ.get(declared.password.variable)
    if not password:
        raise NotVerifiedError(f"the password of {user} is not known here: {declared.password.how_to_set}")
    return LokiClient(url, auth=BasicAuth(user, password))


def _allowed(users: Mapping[str, GatewayUser], tenant: str, access: str) -> list[str]:
    return [name for name, user in users.items() if tenant in user.tenants and access in user.access]
