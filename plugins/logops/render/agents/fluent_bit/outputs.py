"""Render the outputs: Loki, or a container for raw lines."""

import math
from typing import Any
from urllib.parse import urlsplit

from logops.environment.agents import Agent, Archive
from logops.environment.sources import Source
from logops.environment.storage import StorageAccount
from logops.environment.units import Size
from logops.render.agents.fluent_bit.inputs import tag_of
from logops.render.agents.fluent_bit.record import (
    CHOSEN_TENANT,
    accessor,
    kept_keys,
    key_of,
    label_fields,
    metadata_fields,
)

_DISK = Size("1GiB")
"""Lines on disk if the agent has no buffer with a size."""


def loki_output_name(source_name: str) -> str:
    """Return the name of the output that sends a source's lines to Loki. Its counters have it as label `name`."""
    return f"{source_name}-loki"


def loki_output(name: str, source: Source, agent: Agent, url: str) -> dict[str, Any]:
    """Return the output that sends a source's lines to Loki."""
    fixed = {**source.labels, **agent.labels}
    labels = fixed | {field: accessor(key_of(source, field)) for field in label_fields(source)}
    metadata = {field: accessor(key_of(source, field)) for field in metadata_fields(source)}
    return {
        "name": "loki",
        "alias": loki_output_name(name),
        "match": tag_of(name, source),
        **_address(url),
        "tenant_id": source.tenant,
        **(
            {"tenant_id_key": CHOSEN_TENANT, "tenant_id_key_error_handling": "partial_error"}
            if source.tenant_from
            else {}
        ),
        "labels": _pairs(labels),
        **({"structured_metadata": _pairs(metadata)} if metadata else {}),
        # The line alone is left, and is sent as it is.
        # A thread of its own: in one thread, every output removes the keys of the first one (5.1.1, out_loki/loki.c).
        "workers": 1,
        "remove_keys": ",".join(kept_keys(source)),
        "drop_single_key": "raw",
        "line_format": "json",
        **_login(agent),
        "net.connect_timeout": f"{math.ceil(agent.timeout.seconds)}s",
        **_delivery(agent),
    }


def archive_output(
    name: str, source: Source, agent: Agent, archive: Archive, account: StorageAccount
) -> dict[str, Any]:
    """Return the output that writes a source's records to a container."""
    return {
        "name": "azure_blob",
        "alias": f"{name}-archive",
        "match": tag_of(name, source),
        "account_name": account.account_name,
        **_account_login(archive, account),
        "container_name": archive.container,
        "path": archive.prefix,
        "blob_type": "blockblob",
        "auto_create_container": False,
        **_delivery(agent),
    }


def _account_login(archive: Archive, account: StorageAccount) -> dict[str, Any]:
    if archive.sas_token:
        return {"auth_type": "sas", "sas_token": f"${{{archive.sas_token.variable}}}"}
    assert account.account_key, "`unsupported` refuses an archive without a login"
    return {"shared_key": f"${{{account.account_key.variable}}}"}


def _pairs(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _address(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return {
        "host": parts.hostname,
        "port": parts.port or (443 if tls else 80),
        "uri": f"{parts.path}/loki/api/v1/push",
        **({"tls": True, "tls.verify": True} if tls else {}),
    }


def _login(agent: Agent) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if agent.basic_auth:
        settings |= {
            "http_user": agent.basic_auth.username,
            "http_passwd": f"${{{agent.basic_auth.password.variable}}}",
        }
    if agent.bearer_token:
        settings["bearer_token"] = f"${{{agent.bearer_token.variable}}}"
    if agent.tls:
        files = {
            "tls.ca_file": agent.tls.ca_file,
            "tls.crt_file": agent.tls.cert_file,
            "tls.key_file": agent.tls.key_file,
            "tls.vhost": agent.tls.server_name,
        }
        settings |= {key: value for key, value in files.items() if value}
    return settings


def _delivery(agent: Agent) -> dict[str, Any]:
    disk = agent.buffer.disk if agent.buffer and agent.buffer.disk else _DISK
    # By default Fluent Bit tries a second time only, and then drops the lines.
    return {"retry_limit": agent.backoff_retries, "storage.total_limit_size": disk.value}
