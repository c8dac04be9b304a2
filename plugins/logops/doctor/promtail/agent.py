"""Translate everything in a configuration of Promtail that is not a scrape job: clients, limits, positions."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from logops.doctor.promtail.quantity import (
    duration,
    label_problem,
    labels,
    plain_text,
    secret,
    secret_connection,
    size,
)
from logops.doctor.promtail.value import Value
from logops.environment.agents import Agent

_PUSH = "/loki/api/v1/push"
_TLS_FILES = ("ca_file", "cert_file", "key_file", "server_name")


@dataclass
class MigratedAgent:
    """The keys of an agent, the tenant of its lines, and the address to which Promtail sent them."""

    keys: dict[str, Any] = field(default_factory=dict)
    tenant: str | None = None
    write_url: str | None = None

    def set(self, key: str, value: Any) -> None:
        """Set a key, unless it has the default of an environment."""
        if value is not None and str(value) != str(Agent.model_fields[key].default):
            self.keys[key] = value


def migrate_agent(config: Value, clients: list[Value], address: Value | None) -> MigratedAgent:
    """Return the agent of a configuration. An environment sends the lines of a source to one cluster only.

    address   the address of Loki, if no client has it
    """
    agent = MigratedAgent()
    if address:
        _url(address, agent)
    for position, client in enumerate(clients):
        if position == 0:
            _client(client, agent)
        else:
            client.lost(
                "Promtail also sends every line to this client. A source of an environment has one cluster: write "
                "the source a second time for another cluster"
            )
    _limits(config.at("limits_config"), agent)
    if positions := config.at("positions"):
        positions.changed(
            "the new agent has positions of its own. At its first start it reads the files from their beginning, so "
            "lines that Promtail has sent are sent again. Loki stores a line with the same timestamp and labels once"
        )
    if server := config.at("server"):
        server.changed("an environment sets the addresses of agents itself")
    config.at("target_config", "sync_period").use_if("10s")
    config.at("target_config", "stdin").use_if(False)
    config.at("tracing", "enabled").use_if(False)
    config.at("wal", "enabled").use_if(False)
    return agent


def _client(client: Value, agent: MigratedAgent) -> None:
    _url(client.at("url"), agent)
    _tenant(client, agent)
    agent.set("batch_wait", duration(client.at("batchwait")))
    agent.set("batch_size", size(client.at("batchsize")))
    agent.set("timeout", duration(client.at("timeout")))
    backoff = client.at("backoff_config")
    agent.set("backoff_min", duration(backoff.at("min_period")))
    agent.set("backoff_max", duration(backoff.at("max_period")))
    retries = backoff.at("max_retries")
    if isinstance(retries.data, int) and retries.data > 0:
        agent.set("backoff_retries", retries.use())
    elif retries:
        retries.lost("an agent has a number of retries, at least 1: 0 means without end for Promtail")
    if fixed := labels(client.at("external_labels")):
        agent.keys["labels"] = fixed
    for name, value in client.at("external_labels").fields():
        if name.startswith("__"):
            value.lost(str(label_problem(name)))
    _login(client, agent)
    _tls(client.at("tls_config"), agent)
    client.at("follow_redirects").use_if(True)
    client.at("enable_http2").use_if(True)
    client.at("drop_rate_limited_batches").use_if(False)
    if client.at("name"):
        client.at("name").changed("the name is only in metrics of Promtail")


def _url(url: Value, agent: MigratedAgent) -> None:
    if not url:
        return
    try:
        parts = urlsplit(str(url.data))
        host = parts.hostname
    except ValueError:
        host = None
    if host is None or "$" in str(url.data):
        url.todo("the address cannot be read: set that of the cluster in the environment, and in the .alloy file")
        return
    if parts.username or parts.password:
        url.todo("the address has a login. It was not copied: write basic_auth of the agent")
    elif not parts.path.endswith(_PUSH):
        url.todo(f"the path is not {_PUSH}. Check the address in the .alloy file")
    else:
        url.changed(
            "the .alloy file sends to this address. `logops render` takes the address of the cluster from the "
            "environment instead"
        )
    netloc = parts.netloc.rpartition("@")[2]
    agent.write_url = f"{parts.scheme}://{netloc}{parts.path.removesuffix(_PUSH).rstrip('/')}"


def _tenant(client: Value, agent: MigratedAgent) -> None:
    for value in (client.at("tenant_id"), client.at("headers", "X-Scope-OrgID")):
        if not value:
            continue
        if "$" in str(value.data):
            value.todo(f"name the tenant with --tenant: {value.data} is known only where Promtail runs")
        else:
            agent.tenant = value.text()


def _login(client: Value, agent: MigratedAgent) -> None:
    basic = client.at("basic_auth")
    if basic:
        user = plain_text(basic.at("username")) or ""
        if file := basic.at("username_file"):
            file.todo("write the user name into the environment: it is not a secret")
        agent.keys["basic_auth"] = {
            "username": user or "USER",
            "password": _secret(basic.at("password"), basic.at("password_file"), "loki_password"),
        }
    authorization = client.at("authorization")
    kind = authorization.at("type")
    if authorization and str(kind.data or "Bearer").lower() != "bearer":
        authorization.lost("an agent has basic_auth or a bearer_token")
        return
    kind.use()
    tokens = (
        (client.at("bearer_token"), client.at("bearer_token_file")),
        (authorization.at("credentials"), authorization.at("credentials_file")),
    )
    for token, file in tokens:
        if token or file:
            agent.keys["bearer_token"] = _secret(token, file, "loki_token")


def _secret(value: Value, file: Value, connection: str) -> dict[str, str]:
    if value or not file:
        return secret(value, connection)
    return secret_connection(file, connection, f"with the content of {file.data} as its password")


def _tls(tls: Value, agent: MigratedAgent) -> None:
    tls.at("insecure_skip_verify").use_if(False)
    if tls.at("insecure_skip_verify").data:
        tls.at("insecure_skip_verify").lost(
            "the server's certificate is always checked: set tls.ca_file of the agent to its certificate authority"
        )
    if files := {name: str(plain_text(tls.at(name))) for name in _TLS_FILES if tls.at(name).data}:
        agent.keys["tls"] = files
    for name in _TLS_FILES:
        tls.at(name).use_if("")


def _limits(limits: Value, agent: MigratedAgent) -> None:
    longest, truncate = limits.at("max_line_size"), limits.at("max_line_size_truncate")
    longest.use_if(0, "0")
    if longest.data and truncate.data:
        truncate.use()
        if not longest.is_used():
            agent.set("max_line_size", size(longest))
    elif longest.data and not longest.is_used():
        longest.lost(
            "Promtail drops longer lines. An agent cuts them (max_line_size), or a source drops them "
            f"(parse.drop with longer_than: {longest.data})"
        )
    truncate.use_if(False)
    limits.at("max_streams").use_if(0)
    limits.at("readline_rate_enabled").use_if(False)
    if not limits.at("readline_rate_enabled").data:
        for name in ("readline_rate", "readline_burst", "readline_rate_drop"):
            limits.at(name).use()  # Without readline_rate_enabled they do nothing.
