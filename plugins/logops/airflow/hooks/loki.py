"""The hook for an Airflow connection of type `loki`."""

import time
from functools import cached_property
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.definitions.connection import Connection

from logops.clients.loki import BasicAuth, LokiClient, LokiError
from logops.errors import LogopsError

TIMEOUT = 60.0
"""Seconds to wait for an answer, if the connection does not set a timeout."""
_TEST_TIMEOUT = 10.0
_HOUR_NS = 3_600_000_000_000


class ConnectionFieldsError(LogopsError, ValueError):
    """The fields of a connection do not describe a Loki."""

    needs_a_person = True

    def __init__(self, connection: Connection, field: str, value: Any, allowed: str) -> None:
        self.problem = f"{field} is {value!r}; expected {allowed}"
        super().__init__(f"Airflow connection {connection.conn_id!r}: {self.problem}")


class LokiHook(BaseHook):
    """Create a client for one Loki.

    Fields of the connection: host, port, schema (http or https), login and password for basic authentication. In its
    extra: `tenant`, `verify` (of the TLS certificate) and `timeout` (seconds).

    :param loki_conn_id: id of the connection.
    :param tenant: use this tenant instead of the connection's.
    """

    conn_name_attr = "loki_conn_id"
    default_conn_name = "loki_default"
    conn_type = "loki"
    hook_name = "Grafana Loki"

    def __init__(self, loki_conn_id: str = default_conn_name, tenant: str | None = None) -> None:
        super().__init__()
        self.loki_conn_id = loki_conn_id
        self._tenant = tenant

    @cached_property
    def tenant(self) -> str:
        """The tenant given to the hook, else the connection's. Empty if neither has one."""
        return self._tenant if self._tenant is not None else str(self._connection.extra_dejson.get("tenant") or "")

    def get_conn(self) -> LokiClient:
        """Return the client; created at the first call. Raises ConnectionFieldsError, or Airflow's error for an unknown
        id."""
        return self._client

    def test_connection(self) -> tuple[bool, str]:
        """Return what the Test button shows: whether a ready Loki answers and accepts the tenant."""
        try:
            with _client(self._connection, read_timeout=_TEST_TIMEOUT, retry_for=0) as client:
                return _loki_status(client, self.tenant)
        except ConnectionFieldsError as invalid:
            # The test runs with an invented connection id, so the message leaves it out.
            return False, invalid.problem
        except LokiError as error:
            return False, str(error)

    @cached_property
    def _connection(self) -> Connection:
        return self.get_connection(self.loki_conn_id)

    @cached_property
    def _client(self) -> LokiClient:
        return _client(self._connection, _timeout(self._connection))


def _loki_status(client: LokiClient, tenant: str) -> tuple[bool, str]:
    readiness = client.ready()
    if not readiness.ready:
        return False, f"{client.url} answers but is not ready: {readiness.text}. Wait, or read that process's log."
    version = client.build_info().version
    if not tenant:
        return True, f"Loki {version} is ready at {client.url}. No tenant is set, so no query was tried."
    now = time.time_ns()
    labels = len(client.labels(tenant, now - _HOUR_NS, now))
    return True, f"Loki {version} is ready at {client.url}. Tenant {tenant} has {labels} labels in the last hour."


def _client(connection: Connection, read_timeout: float, retry_for: float = 30.0) -> LokiClient:
    # Read each extra by name. Passing all extras to the client would let a connection set anything.
    auth = BasicAuth(connection.login, connection.password or "") if connection.login else None
    return LokiClient(
        _url(connection), auth=auth, verify=_verify(connection), read_timeout=read_timeout, retry_for=retry_for
    )


def _url(connection: Connection) -> str:
    scheme = connection.schema or "http"
    if scheme not in {"http", "https"}:
        raise ConnectionFieldsError(connection, "schema", scheme, "http or https")
    host = connection.host or ""
    if not host or "/" in host or "@" in host:
        raise ConnectionFieldsError(connection, "host", host.rpartition("@")[2], "a name such as loki.example.com")
    return f"{scheme}://{host}" + (f":{connection.port}" if connection.port else "")


def _verify(connection: Connection) -> bool:
    value = connection.extra_dejson.get("verify")
    if value is None:
        return True
    # A connection that is given as a URI has only text in its extra.
    known = {"true": True, "false": False}
    if (text := str(value).lower()) not in known:
        raise ConnectionFieldsError(connection, "extra.verify", value, "true or false")
    return known[text]


def _timeout(connection: Connection) -> float:
    value = connection.extra_dejson.get("timeout")
    try:
        seconds = TIMEOUT if value is None else float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConnectionFieldsError(connection, "extra.timeout", value, "a number of seconds above 0")
    return seconds
