"""Read the configuration that a process runs with. Loki, Promtail, Alertmanager and Prometheus report it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import yaml

from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.http.request import Failure, Request
from logops.clients.http.transport import Transport
from logops.clients.loki import LokiClient
from logops.errors import LogopsError

TIMEOUT_S = 5.0
_CONFIG_PAGE = ('<pre id="config_yaml">', "</pre>")


class RunningConfigurationError(LogopsError):
    """A process did not report its configuration."""


@dataclass(frozen=True)
class Process:
    """A running process that reports its configuration."""

    name: str
    program: str
    """`loki`, `promtail`, `alertmanager` or `prometheus`."""
    cluster: str
    url: str
    file: str
    """Name of the rendered file that it runs with."""
    pid: int | None = None
    component: str = ""
    """The -target of a Loki process."""


def running(process: Process) -> Mapping[str, Any]:
    """Return the configuration that a process runs with. Raises LogopsError, ValueError or YAMLError."""
    return READERS[process.program](process.url)


def _loki_configuration(url: str) -> Mapping[str, Any]:
    with LokiClient(url, read_timeout=TIMEOUT_S, retry_for=0) as client:
        return client.config()


def _alertmanager_configuration(url: str) -> Mapping[str, Any]:
    with AlertmanagerClient(url, timeout_s=TIMEOUT_S, retry_for_s=0) as client:
        return _mapping(client.configuration(), url)


def _promtail_configuration(url: str) -> Mapping[str, Any]:
    """Read the page /config, which has the configuration as YAML in HTML (clients/pkg/promtail/server)."""
    page = _page(url, "/config")
    begin, end = _CONFIG_PAGE
    return _mapping(unescape(page.partition(begin)[2].partition(end)[0]), url)


def _prometheus_configuration(url: str) -> Mapping[str, Any]:
    answer = yaml.safe_load(_page(url, "/api/v1/status/config"))
    return _mapping(answer["data"]["yaml"], url)


def _page(url: str, path: str) -> str:
    transport = Transport(url, connect_timeout_s=TIMEOUT_S, read_timeout_s=TIMEOUT_S, use_proxies=False)
    try:
        answer = transport.send(Request("reading the running configuration", path))
    finally:
        transport.close()
    if isinstance(answer, Failure):
        raise RunningConfigurationError(f"reading the running configuration at {url}{path}: {answer.detail}")
    if not answer.is_success:
        raise RunningConfigurationError(
            f"reading the running configuration at {url}{path}: it answered {answer.status}"
        )
    return answer.text


def _mapping(text: str, url: str) -> Mapping[str, Any]:
    loaded = yaml.safe_load(text)
    if not isinstance(loaded, Mapping):
        raise RunningConfigurationError(f"reading the running configuration at {url}: the answer is no configuration")
    return loaded


READERS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {
    "loki": _loki_configuration,
    "promtail": _promtail_configuration,
    "alertmanager": _alertmanager_configuration,
    "prometheus": _prometheus_configuration,
}
"""Program -> the function that reads its running configuration."""
