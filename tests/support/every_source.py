"""An environment on Kubernetes with every kind of source, and every key of a pipeline."""

import copy
from pathlib import PurePath
from typing import Any

from logops.environment import Environment
from logops.environment.pipeline_problems import find_pipeline_problems
from logops.render.agents.addresses import AgentAddresses
from tests.support.environments import environment

ADDRESSES = AgentAddresses(
    listen="0.0.0.0",
    write_urls={"main": "https://logs.example.com", "security": "https://security-logs.example.com"},
    syslog_ports={"syslog": 1514, "legacy": 1515, "routers": 1516},
    relative_to=PurePath("/var/log"),
    secret_rules=PurePath("/etc/logops/secrets.toml"),
)
_MAIN = {"cluster": "main", "tenant": "platform", "owner": "platform"}
_SYSLOG = {**_MAIN, "kind": "syslog"}

SOURCES: dict[str, dict[str, Any]] = {
    "shop": {
        **_MAIN,
        "kind": "file",
        "paths": ["/srv/shop/*.log", "more.log"],
        "exclude": ["/srv/shop/old-*.log", "/srv/shop/*.gz"],
        "labels": {"job": "shop"},
        "tenant_from": {"field": "team", "allowed": ["application", "canary"]},
        "parse": {
            "format": "json",
            "fields": {
                "level": "severity", "status": "http.status-code", "time": '"@timestamp"', "team": "team",
                "trace_id": "traceId", "message": "message",
            },
            "timestamp": {"field": "time", "layout": "2006-01-02 15:04:05", "location": "Europe/Berlin"},
            "labels": ["level"],
            "structured_metadata": ["trace_id"],
            "multiline_first_line": r"^\{",
            "multiline_max_lines": 200,
            "multiline_max_wait": "5s",
            "drop": [
                "^$",
                {"name": "health-checks", "expression": "GET /(health|ping) .*$"},
                {"name": "not-found", "field": "status", "value": "404"},
                {"name": "bots", "field": "message", "expression": "bot|spider"},
                {"name": "too-long", "longer_than": "64KiB"},
                {"name": "too-old", "older_than": "7d"},
            ],
            "sample": [
                {"name": "debug-lines", "keep": 0.1, "labels": {"level": "debug"}, "expression": r"path=\"/x\""},
                {"name": "half", "keep": 0.5},
                {"name": "noise", "keep": 0.25, "expression": "noise"},
            ],
            "rate_limit": {"lines_per_second": 1000, "burst": 2000, "by_label": "level"},
            "output": "message",
        },
    },
    "worker": {
        **_MAIN,
        "kind": "file",
        "paths": ["worker.log"],
        "labels": {"job": "worker"},
        "parse": {"format": "logfmt", "fields": {"level": "lvl", "message": "msg"}, "labels": ["level"]},
    },
    "nginx": {
        **_MAIN,
        "kind": "file",
        "paths": ["nginx.log"],
        "labels": {"job": "nginx"},
        "parse": {
            "format": "regex",
            "expression": r'^\S+ \[(?P<time>[^\]]+)\] "(?P<method>\w+) [^"]*"',
            "labels": ["method"],
            "timestamp": {"field": "time", "layout": "02/Jan/2006:15:04:05 -0700"},
        },
    },
    "pods": {
        **_MAIN,
        "kind": "pods",
        "namespaces": ["shop", "web"],
        "select": {"app": ["cart", "api"], "container": ["main.app"]},
        "labels": {"job": "pods"},
        "parse": {"format": "json", "labels": ["level"]},
    },
    "docker": {
        **_MAIN,
        "kind": "file",
        "paths": ["docker/*.log"],
        "labels": {"job": "docker"},
        "parse": {"container_format": "docker", "structured_metadata": ["stream"]},
    },
    "journal": {**_MAIN, "kind": "journal", "units": ["kubelet.service", "sshd.service"], "labels": {"job": "journal"}},
    "syslog": {
        **_SYSLOG,
        "port": 1514,
        "tls": {"cert_file": "/tls/tls.crt", "key_file": "/tls/tls.key", "client_ca_file": "/tls/ca.crt"},
        "labels": {"job": "syslog"},
    },
    "legacy": {**_SYSLOG, "port": 1515, "message_format": "rfc3164", "labels": {"job": "legacy"}},
    "routers": {**_SYSLOG, "port": 1516, "protocol": "udp", "labels": {"job": "routers"}},
    "azure": {
        **_MAIN,
        "kind": "event-hub",
        "namespace": "oversight.servicebus.windows.net",
        "event_hub": "oversight-logs",
        "connection_string": {"env": "EVENT_HUB"},
        "labels": {"job": "azure"},
    },
}  # fmt: skip
"""`ignore_older` is missing: Promtail cannot do it."""


def sources_for_fluent_bit() -> dict[str, Any]:
    """Return every source that Fluent Bit can ship, without the keys that it cannot carry out."""
    sources = copy.deepcopy(SOURCES)
    del sources["azure"], sources["pods"]["select"]
    shop = sources["shop"]["parse"]
    del shop["sample"], shop["multiline_max_lines"], shop["rate_limit"]["by_label"], shop["timestamp"]["location"]
    shop["drop"] = [rule for rule in shop["drop"] if not {"longer_than", "older_than"} & set(rule)]
    return sources


def every_source(kind: str, **agent: Any) -> Environment:
    """Return an environment in which the agent `every` of a kind ships every source."""
    declared = environment(
        "production",
        ("sources", SOURCES),
        ("agents", {"every": {"kind": kind, "sources": list(SOURCES), **agent}}),
    )
    assert list(find_pipeline_problems(declared)) == []
    return declared
