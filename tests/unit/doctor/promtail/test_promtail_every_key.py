"""No key of a Promtail configuration gets lost: it changes the result, or a note names it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from logops.doctor.deployment import Location
from logops.doctor.keys.known import ANY_NAME, known_keys
from logops.doctor.promtail.migrate import Migration
from logops.doctor.promtail.value import NoteKind
from tests.unit.doctor.promtail.migrating import FILES, migrate_config

JSON = {"json": {"expressions": {"level": "lvl", "time": "time", "trace": "trace", "team": "team"}}}

STAGES: list[list[dict[str, Any]]] = [
    [{"cri": {"max_partial_lines": 7, "max_partial_line_size": 9, "max_partial_line_size_truncate": True}}],
    [{"docker": {}}],
    [{"decolorize": {}}],
    [{"json": {"expressions": {"a": "b"}, "source": "x", "drop_malformed": True}}],
    [{"json": {"expressions": {"a": "b"}, "drop_malformed": True}}, {"labels": {"a": None}}],
    [{"logfmt": {"mapping": {"a": "b"}, "source": "x"}}],
    [{"logfmt": {"mapping": {"a": "b"}}}, {"labels": {"a": "a"}}],
    [{"regex": {"expression": "(?P<a>x)", "source": "x", "labels_from_groups": True}}],
    [{"regex": {"expression": "(?P<a>x)", "labels_from_groups": True}}],
    [{"replace": {"expression": "(x)", "source": "a", "replace": "y"}}],
    [{"template": {"source": "a", "template": "{{ .Value }}"}}],
    [{"pack": {"labels": ["a"], "ingest_timestamp": True}}],
    [JSON, {"timestamp": {"source": "time", "format": "Unix", "fallback_formats": ["UnixMs"],
                          "location": "Europe/Berlin", "action_on_failure": "skip"}}],
    [JSON, {"output": {"source": "level"}}],
    [JSON, {"labels": {"level": None, "level_name": "level", "unknown": "nothing"}}],
    [JSON, {"structured_metadata": {"trace": None, "trace_id": "trace"}}],
    [{"labeldrop": ["filename"]}],
    [{"labelallow": ["job"]}],
    [{"static_labels": {"team": "shop", "bad-name": "x"}}],
    [{"metrics": {"lines": {"type": "Counter", "description": "x", "prefix": "p", "source": "a",
                            "max_idle_duration": "1m", "config": {"action": "inc", "match_all": True}}}}],
    [{"tenant": {"value": "security"}}],
    [{"tenant": {"source": "team"}}],
    [{"tenant": {"label": "job"}}],
    [{"drop": {"source": ["a", "b"], "separator": "+", "expression": "x", "drop_counter_reason": "r"}}],
    [JSON, {"drop": {"source": "level", "value": "debug", "drop_counter_reason": "r", "separator": "+"}}],
    [{"drop": {"expression": "^x$", "older_than": "24h", "longer_than": "8kb", "drop_counter_reason": "too_old"}}],
    [{"limit": {"rate": 5, "burst": 9, "drop": True, "by_label_name": "job", "max_distinct_labels": 20000}}],
    [{"limit": {"rate": 5, "burst": 9, "drop": False}}],
    [{"sampling": {"rate": 0.25, "drop_counter_reason": "half_of_it"}}],
    [{"match": {"selector": '{job="app"}', "pipeline_name": "x", "stages": [{"static_labels": {"a": "b"}}]}}],
    [{"match": {"selector": '{job="other"}', "stages": [{"static_labels": {"a": "b"}}]}}],
    [{"match": {"selector": '{level="debug"}', "action": "drop", "drop_counter_reason": "noise"}}, JSON],
    [{"match": {"selector": '{job="app"} |= "x"', "stages": [{"sampling": {"rate": 0.5}}]}}],
    [{"match": {"selector": '{level="info"}', "stages": [{"static_labels": {"a": "b"}}]}}],
    [{"multiline": {"firstline": "^x", "max_lines": 9, "max_wait_time": "7s"}}],
    [{"geoip": {"db": "x", "source": "y", "db_type": "city", "custom_lookups": {"a": "b"}}}],
    [{"eventlogmessage": {"source": "m", "drop_invalid_labels": True, "overwrite_existing": True}}],
    [{"no_such_stage": {"a": 1}}],
]  # fmt: skip
"""Each stage of Promtail 3.6, with each of its keys."""

VALUES: dict[str, Any] = {
    "listen_address": "10.0.0.1:1514", "listen_protocol": "udp", "syslog_format": "rfc3164", "path": "/run/log",
    "max_age": "5h", "matches": "_SYSTEMD_UNIT=a.service", "json": True, "fully_qualified_namespace": "n.example.com",
    "event_hubs": ["one", "two"], "role": "pod", "targets": ["localhost"], "use_incoming_timestamp": True,
    "pipeline_stages": [{"static_labels": {"a": "b"}}], "job_name": "a-job", "static_configs": FILES["static_configs"],
    "relabel_configs": [{"source_labels": ["job"], "target_label": "copy"}], "tls_config": {
        "cert_file": "/c", "key_file": "/k", "ca_file": "/ca", "min_version": "TLS12"},
    "kubernetes_sd_configs": [{"role": "pod", "api_server": "https://x", "namespaces": {"names": ["a"]},
                               "selectors": [{"role": "pod", "label": "a=b"}]}],
    "batchwait": "3s", "batchsize": 2_000, "timeout": "3s", "min_period": "3s", "max_period": "4s", "max_retries": 3,
    "url": "https://loki.example.com/loki/api/v1/push", "follow_redirects": False, "enable_http2": False,
    "max_line_size": "3kb", "max_line_size_truncate": True, "readline_rate_enabled": True,
}  # fmt: skip

IMPLIED = frozenset({"targets", "use_incoming_timestamp", "separator", "pipeline_name"})
"""Keys that change nothing with these values. `targets`: files have no address. `separator`: there is one field.
`use_incoming_timestamp: true`: an environment always does this. `pipeline_name`: only for metrics of Promtail."""

WHOLE = ("server", "positions")
"""Sections that one note is about."""


def config_of(keys: Any, name: str = "") -> Any:
    """Return a configuration with every key, each with a value that is not the default."""
    if name in VALUES:
        return copy.deepcopy(VALUES[name])
    if name.endswith("_sd_configs"):
        return [{"some_key": "x"}]
    if isinstance(keys, dict):
        return {"region" if key == ANY_NAME else key: config_of(inner, key) for key, inner in keys.items()}
    return "x-value"


def configurations() -> Iterator[tuple[str, dict[str, Any]]]:
    known = known_keys("promtail")
    job = {"job_name": "a-job", **FILES}
    for section, keys in known.items():
        if section in ("scrape_configs", "client"):
            continue
        value = config_of(keys, section)
        if section == "limits_config":
            value["readline_rate_enabled"] = True
        yield section, {section: [value] if section == "clients" else value, "scrape_configs": [job]}
    for name, keys in known["scrape_configs"].items():
        inputs = {} if name in ("static_configs", "journal", "syslog", "azure_event_hubs") else FILES
        yield name, {"scrape_configs": [{"job_name": "a-job", **inputs, name: config_of(keys, name)}]}
    for stages in STAGES:
        title = "+".join(str(next(iter(stage))) for stage in stages)
        yield title, {"scrape_configs": [{**job, "pipeline_stages": stages}]}


def leaves(value: Any, location: Location) -> Iterator[tuple[tuple[str | int, ...], Location]]:
    """Yield the steps to each value that has nothing below it, and its location."""

    def below(inner: Any, steps: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Location]]:
        entries = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        found = False
        for step, deeper in entries:
            found = True
            yield from below(deeper, (*steps, step))
        if not found and steps:
            yield steps, location.at(*steps)

    yield from below(value, ())


def without(config: dict[str, Any], steps: tuple[str | int, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    parent: Any = changed
    for step in steps[:-1]:
        parent = parent[step]
    del parent[steps[-1]]
    return changed


def is_named(migration: Migration, location: Location) -> bool:
    """Return whether a note names the location, or a value above it that is lost, or left out, as a whole."""
    return any(
        location.path == path
        or (
            location.path.startswith((f"{path}.", f"{path}["))
            and (note.kind is NoteKind.LOST or path in WHOLE or "left out" in note.text)
        )
        for note in migration.notes
        if (path := note.location.path)
    )


def result(config: dict[str, Any]) -> Any:
    try:
        migration = migrate_config(config)
    except ValueError as error:
        return str(error)
    return migration.sources, migration.agents, migration.alloy


@pytest.mark.parametrize(("title", "config"), configurations(), ids=[title for title, _ in configurations()])
def test_no_key_of_promtail_disappears(title: str, config: dict[str, Any]) -> None:
    migration, complete = migrate_config(config), result(config)
    disappeared = [
        location.path
        for steps, location in leaves(config, Location("promtail.yaml"))
        if steps[-1] not in IMPLIED
        and not any(step in IMPLIED for step in steps)
        and not is_named(migration, location)
        and result(without(config, steps)) == complete
    ]

    assert disappeared == []
