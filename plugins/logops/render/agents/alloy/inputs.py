"""Render the components that read the lines of a source."""

import re
from collections.abc import Mapping

from logops.environment.sources import EventHubSource, FileSource, JournalSource, PodSource, Source, SyslogSource
from logops.environment.units import Duration
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.alloy.syntax import Block, Expression, Value, from_variable, identifier
from logops.render.agents.longest import longest_message_bytes

_KAFKA_PORT = 9093
"""Port of Event Hubs' Kafka endpoint (https://learn.microsoft.com/azure/event-hubs/azure-event-hubs-kafka-overview)."""


def input_blocks(name: str, source: Source, receiver: str, addresses: AgentAddresses) -> list[Block]:
    """Return the components that read a source's lines and send them to `receiver`."""
    label = identifier(name)
    forward_to: dict[str, Value] = {"forward_to": [Expression(receiver)]}
    match source:
        case FileSource():
            return [_files(label, source, forward_to, addresses)]
        case PodSource():
            return _pods(label, source, forward_to)
        case JournalSource():
            return _journal(label, source, forward_to)
        case SyslogSource():
            return _syslog(label, source, forward_to, f"{addresses.listen}:{addresses.syslog_ports[name]}")
        case EventHubSource():
            return [_event_hub(label, source, forward_to)]


def _files(label: str, source: FileSource, forward_to: dict[str, Value], addresses: AgentAddresses) -> Block:
    exclude = [str(addresses.relative_to / path) for path in source.exclude]
    targets = [
        {
            "__path__": str(addresses.relative_to / path),
            **({"__path_exclude__": _alternatives(exclude)} if exclude else {}),
            **source.labels,
        }
        for path in source.paths
    ]
    return Block("loki.source.file", label, {"targets": targets, **forward_to}, (_file_match(source.ignore_older),))


def _alternatives(globs: list[str]) -> str:
    return globs[0] if len(globs) == 1 else f"{{{','.join(globs)}}}"


def _file_match(ignore_older: Duration | None) -> Block:
    older: dict[str, Value] = {"ignore_older_than": ignore_older.go} if ignore_older else {}
    return Block("file_match", attributes={"enabled": True, **older})


def _pods(label: str, source: PodSource, forward_to: dict[str, Value]) -> list[Block]:
    """Return the pods of this node, and their files.

    Not `loki.source.kubernetes`: it drops lines that are older than the line before (grafana/alloy#7076).
    """
    node = Expression('"spec.nodeName=" + coalesce(sys.env("HOSTNAME"), constants.hostname)')
    selectors = Block("selectors", attributes={"role": "pod", "field": node})
    namespaces = [Block("namespaces", attributes={"names": list(source.namespaces)})] if source.namespaces else []
    copied = {
        "namespace": "namespace",
        "pod": "pod_name",
        "container": "pod_container_name",
        **{ours: f"pod_label_{_sanitized(theirs)}" for ours, theirs in source.pod_labels.items()},
    }
    rules = [
        *(_copy(f"__meta_kubernetes_{meta}", label) for label, meta in copied.items()),
        *(_keep(label, "|".join(map(re.escape, values))) for label, values in source.select.items()),
        *(_fixed(name, value) for name, value in source.labels.items()),
        # The folder of a pod is NAMESPACE_POD_UID. The API gives static pods another UID than their folder has.
        Block(
            "rule",
            attributes={
                "source_labels": [f"__meta_kubernetes_{copied[part]}" for part in ("namespace", "pod", "container")],
                "separator": "/",
                "regex": "([^/]+)/([^/]+)/([^/]+)",
                # Braces, because Alloy reads `$1_` as the group with the name `1_`, which does not exist.
                "replacement": "/var/log/pods/${1}_${2}_*/${3}/*.log",
                "target_label": "__path__",
            },
        ),
    ]
    return [
        Block("discovery.kubernetes", label, {"role": "pod"}, (*namespaces, selectors)),
        Block(
            "discovery.relabel",
            label,
            {"targets": Expression(f"discovery.kubernetes.{label}.targets")},
            tuple(rules),
        ),
        Block(
            "loki.source.file",
            label,
            {"targets": Expression(f"discovery.relabel.{label}.output"), **forward_to},
            (_file_match(source.ignore_older),),
        ),
    ]


def _journal(label: str, source: JournalSource, forward_to: dict[str, Value]) -> list[Block]:
    rules = [_copy("__journal__systemd_unit", "unit"), _copy("__journal__hostname", "host")]
    if source.units:
        # `matches` of loki.source.journal cannot say "or".
        rules.insert(0, _keep("__journal__systemd_unit", "|".join(re.escape(unit) for unit in source.units)))
    # The component sets the label job to its own name, also if `labels` has a job.
    if job := source.labels.get("job"):
        rules.append(_fixed("job", job))
    else:
        rules.append(Block("rule", attributes={"action": "labeldrop", "regex": "job"}))
    labels: dict[str, Value] = {name: value for name, value in source.labels.items() if name != "job"}
    return [
        _relabel(label, rules),
        Block(
            "loki.source.journal",
            label,
            {
                "path": source.path,
                "max_age": source.max_age.go,
                **({"labels": labels} if labels else {}),
                "relabel_rules": Expression(f"loki.relabel.{label}.rules"),
                **forward_to,
            },
        ),
    ]


def _syslog(label: str, source: SyslogSource, forward_to: dict[str, Value], address: str) -> list[Block]:
    listener: dict[str, Value] = {
        "address": address,
        "protocol": source.protocol,
        "syslog_format": source.message_format,
        "use_incoming_timestamp": True,
        "max_message_length": longest_message_bytes(source),
        **({"rfc3164_default_to_current_year": True} if source.message_format == "rfc3164" else {}),
        **({"labels": source.labels} if source.labels else {}),
    }
    tls = (Block("tls_config", attributes=_tls(source)),) if source.tls else ()
    return [
        _relabel(label, [_copy("__syslog_message_hostname", "host"), _copy("__syslog_message_app_name", "app")]),
        Block(
            "loki.source.syslog",
            label,
            {"relabel_rules": Expression(f"loki.relabel.{label}.rules"), **forward_to},
            (Block("listener", attributes=listener, inner=tls),),
        ),
    ]


def _tls(source: SyslogSource) -> Mapping[str, Value]:
    assert source.tls
    files: dict[str, Value] = {"cert_file": source.tls.cert_file, "key_file": source.tls.key_file}
    # The listener requires a certificate of clients if ca_file is set.
    return {**files, "ca_file": source.tls.client_ca_file} if source.tls.client_ca_file else files


def _event_hub(label: str, source: EventHubSource, forward_to: dict[str, Value]) -> Block:
    login: dict[str, Value] = {
        "mechanism": "connection_string",
        "connection_string": from_variable(source.connection_string.variable),
    }
    return Block(
        "loki.source.azure_event_hubs",
        label,
        {
            "fully_qualified_namespace": f"{source.namespace}:{_KAFKA_PORT}",
            "event_hubs": [source.event_hub],
            "group_id": source.consumer_group,
            "use_incoming_timestamp": True,
            **({"labels": source.labels} if source.labels else {}),
            **forward_to,
        },
        (Block("authentication", attributes=login),),
    )


def _relabel(label: str, rules: list[Block]) -> Block:
    return Block("loki.relabel", label, {"forward_to": []}, tuple(rules))


def _copy(source_label: str, target_label: str) -> Block:
    return Block("rule", attributes={"source_labels": [source_label], "target_label": target_label})


def _keep(source_label: str, expression: str) -> Block:
    return Block("rule", attributes={"source_labels": [source_label], "regex": expression, "action": "keep"})


def _fixed(label: str, value: str) -> Block:
    # A dollar sign in a replacement is a reference to a group.
    return Block("rule", attributes={"target_label": label, "replacement": value.replace("$", "$$")})


def _sanitized(name: str) -> str:
    """Return the name of a pod's label as Prometheus' service discovery writes it."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)
