"""Render the inputs of Promtail's scrape jobs: where the lines of a source come from."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from logops.environment.base import SecretRef
from logops.environment.sources import EventHubSource, FileSource, JournalSource, PodSource, Source, SyslogSource
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.longest import longest_message_bytes

_KAFKA_PORT = 9093
"""Port of Event Hubs' Kafka endpoint (https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-kafka-overview)."""


SECRET = "<secret NAME>"
"""How a secret is written until the rest of the configuration has been escaped."""


def secret_text(secret: SecretRef) -> str:
    return SECRET.replace("NAME", secret.variable)


def job_input(name: str, source: Source, addresses: AgentAddresses) -> dict[str, Any]:
    """Return the keys of a scrape job for its input, and the labels that the input gives to lines."""
    match source:
        case FileSource():
            return {"static_configs": list(_files(source, addresses))}
        case SyslogSource():
            return _syslog(source, f"{addresses.listen}:{addresses.syslog_ports[name]}")
        case JournalSource():
            return _journal(source)
        case PodSource():
            return _pods(source)
        case EventHubSource():
            return {"azure_event_hubs": _event_hub(source)}


def _files(source: FileSource, addresses: AgentAddresses) -> Iterator[dict[str, Any]]:
    exclude = [str(addresses.relative_to / glob) for glob in source.exclude]
    for path in source.paths:
        labels = {**source.labels, "__path__": str(addresses.relative_to / path)}
        if exclude:
            labels["__path_exclude__"] = exclude[0] if len(exclude) == 1 else f"{{{','.join(exclude)}}}"
        yield {"targets": ["localhost"], "labels": labels}


def _syslog(source: SyslogSource, address: str) -> dict[str, Any]:
    syslog: dict[str, Any] = {
        "listen_address": address,
        "listen_protocol": source.protocol,
        "syslog_format": source.message_format,
        # RFC 3164 has no year. Promtail takes the year 0, and then loses every batch with such a line.
        "use_incoming_timestamp": source.message_format == "rfc5424",
        "max_message_length": longest_message_bytes(source),
        "label_structured_data": False,
        "labels": dict(source.labels),
    }
    if source.tls:
        # Promtail requires a certificate of clients if ca_file is set.
        ca_file = {"ca_file": source.tls.client_ca_file} if source.tls.client_ca_file else {}
        syslog["tls_config"] = {"cert_file": source.tls.cert_file, "key_file": source.tls.key_file, **ca_file}
    return {
        "syslog": syslog,
        "relabel_configs": _copies({"__syslog_message_hostname": "host", "__syslog_message_app_name": "app"}),
    }


def _journal(source: JournalSource) -> dict[str, Any]:
    journal = {"path": source.path, "max_age": source.max_age.go, "labels": dict(source.labels)}
    copies = _copies({"__journal__systemd_unit": "unit", "__journal__hostname": "host"})
    # `matches` cannot say "or".
    keep = [_keep("__journal__systemd_unit", source.units)] if source.units else []
    return {"journal": journal, "relabel_configs": [*keep, *copies]}


def _pods(source: PodSource) -> dict[str, Any]:
    copied = {
        "__meta_kubernetes_namespace": "namespace",
        "__meta_kubernetes_pod_name": "pod",
        "__meta_kubernetes_pod_container_name": "container",
        **{f"__meta_kubernetes_pod_label_{_sanitized(key)}": label for label, key in source.pod_labels.items()},
    }
    namespaces = {"namespaces": {"names": list(source.namespaces)}} if source.namespaces else {}
    return {
        "kubernetes_sd_configs": [{"role": "pod", **namespaces}],
        "relabel_configs": [
            # Promtail reads only the pods whose __host__ is its own host name.
            *_copies({"__meta_kubernetes_pod_node_name": "__host__", **copied}),
            *(_keep(label, values) for label, values in source.select.items()),
            *(
                {"target_label": label, "replacement": value.replace("$", "$$")}
                for label, value in source.labels.items()
            ),
            # The folder of a pod is NAMESPACE_POD_UID. The API gives static pods another UID than their folder has.
            {
                "source_labels": [
                    "__meta_kubernetes_namespace",
                    "__meta_kubernetes_pod_name",
                    "__meta_kubernetes_pod_container_name",
                ],
                "separator": "/",
                "regex": "([^/]+)/([^/]+)/([^/]+)",
                "target_label": "__path__",
                # Braces, because Promtail reads `$1_` as the group with the name `1_`, which does not exist.
                "replacement": "/var/log/pods/${1}_${2}_*/${3}/*.log",
            },
        ],
    }


def _event_hub(source: EventHubSource) -> dict[str, Any]:
    return {
        "fully_qualified_namespace": f"{source.namespace}:{_KAFKA_PORT}",
        "event_hubs": [source.event_hub],
        "group_id": source.consumer_group,
        "connection_string": secret_text(source.connection_string),
        "use_incoming_timestamp": True,
        "labels": dict(source.labels),
    }


def _copies(names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"source_labels": [source], "target_label": target} for source, target in names.items()]


def _keep(source_label: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {"source_labels": [source_label], "regex": "|".join(map(re.escape, values)), "action": "keep"}


def _sanitized(name: str) -> str:
    """Return the name of a pod's label as Prometheus' service discovery writes it."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)
