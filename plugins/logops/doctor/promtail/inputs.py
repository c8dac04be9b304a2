"""Translate the inputs of a scrape job: files, the journal, syslog, Event Hubs."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from logops.doctor.promtail.input_labels import InputLabels, note_not_carried
from logops.doctor.promtail.quantity import duration, label_list, labels, plain_text, secret
from logops.doctor.promtail.relabel import Rule, read_rules, relabel
from logops.doctor.promtail.value import Value
from logops.doctor.untyped import as_list

_ANY_ADDRESS = ("", "0.0.0.0", "[::]", "::")
_TLS_FILES = {"cert_file": "cert_file", "key_file": "key_file", "ca_file": "client_ca_file"}


def file_sources(job: Value) -> list[dict[str, Any]]:
    """Return a source for each set of labels of the job's files."""
    rules = read_rules(job.at("relabel_configs"))
    for rule in rules:
        rule.value.use()
    sources: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for static in job.at("static_configs").elements():
        targets = as_list(static.at("targets").use()) or ["localhost"]
        declared = static.at("labels")
        fixed = labels(declared)
        internal = {name: str(value.text()) for name, value in declared.fields() if name.startswith("__")}
        after = relabel({"__address__": str(targets[0]), **internal, **fixed}, rules)
        if after is None:
            declared.changed("the rules of relabel_configs drop these files, so no source reads them")
        elif "__path__" not in after:
            declared.lost("there is no __path__: Promtail reads no file here")
        else:
            _add_files(sources, after, declared)
    return list(sources.values())


def _add_files(sources: dict[Any, dict[str, Any]], after: dict[str, str], declared: Value) -> None:
    path, exclude = after["__path__"], after.get("__path_exclude__")
    if "__host__" in after:
        declared.at("__host__").lost("Promtail reads these files on one machine only. An agent reads them on each")
    if "$" in path or not path.startswith("/"):
        declared.at("__path__").todo("write an absolute path without variables")
    fixed = {name: value for name, value in after.items() if not name.startswith("__")}
    key = (*sorted(fixed.items()), ("__path_exclude__", exclude or ""))
    source = sources.setdefault(key, {"kind": "file", "paths": [], "labels": fixed})
    if path not in source["paths"]:
        source["paths"].append(path)
    if exclude:
        source["exclude"] = [exclude]


def journal_source(job: Value) -> dict[str, Any]:
    journal = job.at("journal")
    made = InputLabels({"__journal__systemd_unit": "unit", "__journal__hostname": "host"}, labels(journal.at("labels")))
    units: list[str] = []
    _units_of_matches(journal.at("matches"), units)
    for rule in read_rules(job.at("relabel_configs")):
        if not (made.add(rule) or _keeps_units(rule, units)):
            note_not_carried(rule)
    _note_added(made, job)
    path = plain_text(journal.at("path"))
    if not path:
        journal.ledger.note_changed(
            journal.location, "without path Promtail reads /run/log/journal too. The source reads /var/log/journal"
        )
    max_age = duration(journal.at("max_age"))
    journal.at("json").use_if(False)
    return {
        "kind": "journal",
        **({"path": path} if path and path != "/var/log/journal" else {}),
        **({"units": units} if units else {}),
        **({"max_age": max_age} if max_age and max_age != "7h" else {}),
        "labels": made.fixed,
    }


def _units_of_matches(matches: Value, units: list[str]) -> None:
    if not matches:
        return
    match = re.fullmatch(r"_SYSTEMD_UNIT=(\S+)", str(matches.data).strip())
    if match is None:
        matches.lost("a journal source selects by units, nothing else: all lines of the journal are sent")
    else:
        matches.use()
        units.append(match[1])


def _keeps_units(rule: Rule, units: list[str]) -> bool:
    if rule.action != "keep" or rule.sources != ("__journal__systemd_unit",) or not rule.alternatives:
        return False
    rule.value.use()
    units += rule.alternatives
    return True


def syslog_source(job: Value) -> dict[str, Any]:
    syslog = job.at("syslog")
    made = InputLabels(
        {"__syslog_message_hostname": "host", "__syslog_message_app_name": "app"}, labels(syslog.at("labels"))
    )
    structured_data = syslog.at("label_structured_data")
    for rule in read_rules(job.at("relabel_configs")):
        if not made.add(rule):
            note_not_carried(rule)
    _note_added(made, job)
    structured_data.use_if(False)
    if structured_data.data:
        structured_data.changed("off: it makes internal labels, which are lost unless a rule copies them")
    syslog.at("idle_timeout").use_if("120s", "2m")
    syslog.at("max_message_length").use_if(0, 8192)
    syslog.at("use_rfc5424_message").use_if(False)
    if syslog.at("use_rfc5424_message").data:
        syslog.at("use_rfc5424_message").lost("the line is the message, without its header")
    message_format = syslog.at("syslog_format")
    message_format.use_if("rfc5424", "rfc3164", "")
    protocol = syslog.at("listen_protocol")
    protocol.use_if("tcp", "udp", "")
    _note_arrival(syslog)
    return {
        "kind": "syslog",
        **_port(syslog.at("listen_address")),
        **({"protocol": "udp"} if protocol.data == "udp" else {}),
        **({"message_format": "rfc3164"} if message_format.data == "rfc3164" else {}),
        **_server_tls(syslog.at("tls_config")),
        "labels": made.fixed,
    }


def _port(address: Value) -> dict[str, int]:
    host, _, port = str(address.data or "").rpartition(":")
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        if address:
            address.todo("set the port of the source: it is not in this address")
        return {}
    address.use()
    if host not in _ANY_ADDRESS:
        address.changed(f"the agent listens on all addresses, not only on {host}")
    return {"port": int(port)}


def _server_tls(tls: Value) -> dict[str, Any]:
    files = {ours: str(plain_text(tls.at(theirs))) for theirs, ours in _TLS_FILES.items() if tls.at(theirs).data}
    for name in _TLS_FILES:
        tls.at(name).use_if("")
    if files and not {"cert_file", "key_file"} <= files.keys():
        tls.lost("TLS of a port needs cert_file and key_file")
        return {}
    return {"tls": files} if files else {}


def event_hub_sources(job: Value) -> list[dict[str, Any]]:
    """Return a source for each Event Hub of the job."""
    hub = job.at("azure_event_hubs")
    names = [str(name) for name in as_list(hub.at("event_hubs").use())]
    if old := hub.at("event_hub_name"):
        old.changed("Promtail does not know this key, so it read no Event Hub. The key is event_hubs")
        names.append(str(old.data))
    namespace = hub.at("fully_qualified_namespace")
    if not namespace:
        hub.ledger.note_todo(hub.location, "write the namespace: NAMESPACE.servicebus.windows.net is a placeholder")
    made = InputLabels({}, labels(hub.at("labels")))
    for rule in read_rules(job.at("relabel_configs")):
        if not made.add(rule):
            note_not_carried(rule)
    hub.at("disallow_custom_messages").use_if(False)
    _note_arrival(hub)
    common = {
        "kind": "event-hub",
        "namespace": (plain_text(namespace) or "NAMESPACE.servicebus.windows.net").partition(":")[0],
        "connection_string": secret(hub.at("connection_string"), "event_hub"),
        "consumer_group": plain_text(hub.at("group_id")) or "promtail",
        "labels": made.fixed,
    }
    return [{**common, "event_hub": name} for name in names]


def _note_arrival(source: Value) -> None:
    incoming = source.at("use_incoming_timestamp")
    incoming.use_if(True)
    if not incoming.data:
        incoming.use()
        source.ledger.note_changed(
            source.location, "lines have the timestamp of their message. Promtail used the time of arrival"
        )


def _note_added(made: InputLabels, job: Value) -> None:
    if made.added:
        job.ledger.note_changed(job.location, f"lines get the {label_list(made.added)}, which the rules do not make")


INPUTS: Mapping[str, Callable[[Value], list[dict[str, Any]]]] = {
    "static_configs": file_sources,
    "journal": lambda job: [journal_source(job)],
    "syslog": lambda job: [syslog_source(job)],
    "azure_event_hubs": event_hub_sources,
}
"""Inputs of a job that an environment has, apart from pods."""
