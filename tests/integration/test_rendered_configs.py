"""Tests of rendered configurations with the real programs.

Some versions of Loki ignore unknown limits. Therefore the tests compare every value with the configuration that Loki
prints.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml

from logops.environment import Environment
from logops.environment.limits import Limits
from logops.environment.units import Duration, Size
from logops.render.addresses import kubernetes_addresses
from logops.render.agents.promtail import PromtailProcess, promtail_config
from logops.render.files import to_yaml
from logops.render.loki import loki_config
from logops.render.overrides import loki_limits, overrides
from logops.toolchain import command
from tests.support.environments import environment, rendered
from tests.support.every_source import ADDRESSES, SOURCES, every_source

LOCAL = environment("local")
PRODUCTION = environment("production")
NOTHING = (False, "0s", [])
VARIABLES = {
    "LOGOPS_DATA": "/srv/logops/data/x",
    "LOGOPS_PROCESS": "main-querier-0",
    "LOGOPS_MAIN_STORAGE_KEY": "bWFpbg==",
    "LOGOPS_SECURITY_STORAGE_KEY": "c2VjdXJpdHk=",
    "LOGOPS_CONNECTION_SECURITY_STORAGE": "c2VjdXJpdHk=",
    "LOKI_PASSWORD": "pass$word",
    "EVENT_HUB": "Endpoint=sb://oversight.servicebus.windows.net/;SharedAccessKey=a2V5",
}
LOGIN = {"basic_auth": {"username": "logops", "password": {"env": "LOKI_PASSWORD"}}}


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command(program), *arguments], env={**os.environ, **VARIABLES}, capture_output=True, text=True, timeout=60
    )


def printed_by_loki(text: str, folder: Path) -> dict[str, Any]:
    """Return the configuration that Loki prints for `text`, with all defaults."""
    path = folder / "loki.yaml"
    path.write_text(text)
    answer = run("loki", f"-config.file={path}", "-config.expand-env=true", "-verify-config", "-print-config-stderr")
    assert answer.returncode == 0, f"{answer.stdout}{answer.stderr[-3000:]}"
    return dict(yaml.safe_load(re.split(r"(?m)^(?:---$|level=.*\n)", answer.stderr)[1]))


def local_config(declared: Environment, cluster: str) -> str:
    return rendered(declared)["loki"][f"loki/{cluster}.yaml"]


def kubernetes_config(declared: Environment, cluster: str) -> str:
    at = kubernetes_addresses(declared, cluster)
    return to_yaml(declared.name, loki_config(declared.clusters[cluster], at, f"{declared.name}-{cluster}"))


def with_limits(limits: dict[str, Any]) -> str:
    config = yaml.safe_load(local_config(LOCAL, "main"))
    return yaml.safe_dump({**config, "limits_config": limits})


def quantity(value: Any) -> Any:
    """Normalize a value: Loki prints `1w3d` for 240h, `10MB` for 10485760, and some lists as one text."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    text = re.sub(r"^(\d+)y", lambda years: f"{int(years[1]) * 365}d", str(value))
    if re.fullmatch(r"([0-9]+(ms|s|m|h|d|w))+", text):
        return Duration(text)
    if re.fullmatch(r"[0-9]+([KMGT]?B)", text):
        return Size(re.sub("([KMGT])B", r"\1iB", text)).value
    return value


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def differing(expected: dict[str, Any], actual: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return every key of `expected` that differs in `actual` or is missing there: expected and actual value."""
    actual_leaves = dict(leaves(actual))
    # Loki does not print some keys that are false, zero or empty.
    printed = {path: value for path, value in leaves(expected) if path in actual_leaves or value not in NOTHING}
    pairs = {path: (value, actual_leaves.get(path, "missing")) for path, value in printed.items()}
    return {".".join(path): pair for path, pair in pairs.items() if quantity(pair[0]) != quantity(pair[1])}


def expanded(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(re.sub(r"\$\{(\w+)\}", lambda name: VARIABLES[name[1]], text)))


CONFIGURATIONS = {
    "local main": local_config(LOCAL, "main"),
    "local security": local_config(LOCAL, "security"),
    "production main": kubernetes_config(PRODUCTION, "main"),
    "production security": kubernetes_config(PRODUCTION, "security"),
    "consul": local_config(
        environment("local", ("clusters.main.ring", {"store": "consul", "endpoints": ["consul:8500"]})), "main"
    ),
    "etcd": local_config(
        environment("local", ("clusters.main.ring", {"store": "etcd", "endpoints": ["a:2379", "b:2379"]})), "main"
    ),
    "no cache": local_config(environment("local", ("clusters.main.caches", {})), "main"),
    "no WAL": local_config(environment("local", ("clusters.main.ingester.wal.enabled", False)), "main"),
    "alertmanager": local_config(
        environment("local", ("clusters.main.ruler", {"alertmanager_url": "http://127.0.0.1:9093"})), "main"
    ),
}


@pytest.mark.parametrize("text", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_loki_parses_every_rendered_value_as_intended(text: str, tmp_path: Path) -> None:
    other = differing(expanded(text), printed_by_loki(text, tmp_path))

    # Loki prints secrets as stars, and each schema period with its defaults.
    secrets = {key for key in other if key.endswith((".connection_string", ".account_key"))}
    assert {other.pop(key)[1] for key in secrets} <= {"********"}
    (_, periods) = other.pop("schema_config.configs")
    assert [differing(w, f) for w, f in zip(expanded(text)["schema_config"]["configs"], periods, strict=True)] == [{}]
    assert other == {}


def test_loki_refuses_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "loki.yaml"
    path.write_text(CONFIGURATIONS["local main"].replace("chunk_idle_period:", "chunk_idle_perod:"))

    answer = run("loki", f"-config.file={path}", "-config.expand-env=true", "-verify-config")

    assert answer.returncode != 0
    assert "chunk_idle_perod" in answer.stdout + answer.stderr


def test_loki_refuses_unknown_limit(tmp_path: Path) -> None:
    path = tmp_path / "loki.yaml"
    path.write_text(with_limits({"retention_perod": "24h"}))

    answer = run("loki", f"-config.file={path}", "-config.expand-env=true", "-verify-config")

    assert answer.returncode != 0
    assert "retention_perod" in answer.stdout + answer.stderr


def test_every_declarable_limit_is_applied_by_loki(tmp_path: Path) -> None:
    by_default = printed_by_loki(with_limits({}), tmp_path)["limits_config"]
    declared = loki_limits(
        Limits.model_validate({name: non_default_value(name, by_default.get(name)) for name in Limits.model_fields})
    )
    assert declared.keys() == Limits.model_fields.keys()
    assert differing(declared, by_default).keys() == declared.keys(), (
        "each must differ from Loki's own default to prove it"
    )

    assert differing(declared, printed_by_loki(with_limits(declared), tmp_path)["limits_config"]) == {}


def non_default_value(name: str, by_default: Any) -> Any:
    """Return a value of the limit's type that is not Loki's default."""
    kind = next(kind for kind in get_args(Limits.model_fields[name].annotation) if kind is not type(None))
    values: dict[Any, Any] = {Duration: "37m", Size: "37KiB", bool: not by_default, tuple[str, ...]: ["team"]}
    if words := get_args(kind) if get_origin(kind) is Literal else ():
        return next(word for word in words if word != by_default)
    return values.get(kind, 37)


@pytest.mark.parametrize("declared", [LOCAL, PRODUCTION], ids=lambda declared: declared.name)
@pytest.mark.parametrize("cluster", ["main", "security"])
def test_overrides_of_every_tenant_are_applied_by_loki(declared: Environment, cluster: str, tmp_path: Path) -> None:
    for tenant, limits in overrides(declared.clusters[cluster])["overrides"].items():
        printed = printed_by_loki(with_limits(limits), tmp_path)["limits_config"]
        for expected, actual in zip(
            limits.pop("retention_stream", []), printed.get("retention_stream", []), strict=True
        ):
            assert differing(expected, actual) == {}, tenant

        assert differing(limits, printed) == {}, tenant


AGENTS = {
    "the local environment's": LOCAL,
    "every format": environment(
        "local",
        ("sources.application.parse", {"format": "cri", "multiline_first_line": "^{", "drop": ["health"]}),
        ("sources.access.parse", {"format": "docker", "labels": ["stream"]}),
        ("sources.audit.parse.structured_metadata", ["user_id"]),
    ),
    "a journal": environment(
        "local",
        ("sources.syslog", {"kind": "journal", "cluster": "main", "tenant": "platform", "labels": {"job": "journal"}}),
    ),
}


@pytest.mark.parametrize("declared", AGENTS.values(), ids=AGENTS.keys())
def test_promtail_accepts_rendered_configuration(declared: Environment, tmp_path: Path) -> None:
    for name, text in rendered(declared)["agents"].items():
        if name.startswith("agents/") and name.endswith(".yaml"):
            path = tmp_path / Path(name).name
            path.write_text(text)

            answer = run("promtail", f"-config.file={path}", "-check-syntax")

            assert answer.returncode == 0, f"{name}: {answer.stdout}{answer.stderr}"


def every_source_process(positions: Path) -> PromtailProcess:
    return PromtailProcess("every", "main", tuple(SOURCES), 3101, positions)


def test_promtail_accepts_every_kind_of_source_and_login(tmp_path: Path) -> None:
    declared = every_source("promtail", max_line_size="256KiB", labels={"region": "eu"}, **LOGIN)
    path = tmp_path / "promtail.yaml"
    path.write_text(promtail_config(declared, every_source_process(tmp_path / "positions.yaml"), ADDRESSES))

    answer = run("promtail", f"-config.file={path}", "-config.expand-env=true", "-check-syntax")

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_promtail_expands_secrets_and_nothing_else(tmp_path: Path) -> None:
    process = replace(every_source_process(tmp_path), sources=("shop", "nginx"))
    wanted = yaml.safe_load(promtail_config(every_source("promtail"), process, ADDRESSES))
    path = tmp_path / "promtail.yaml"
    path.write_text(promtail_config(every_source("promtail", **LOGIN), process, ADDRESSES))

    # Promtail prints its configuration, and then ends: its positions are a folder.
    answer = run("promtail", f"-config.file={path}", "-config.expand-env=true", "-print-config-stderr")

    printed = yaml.safe_load(re.split(r"(?m)^(?:---$|level=.*\n)", answer.stderr)[1])
    assert [job["pipeline_stages"] for job in printed["scrape_configs"]] == [
        job["pipeline_stages"] for job in wanted["scrape_configs"]
    ]


def test_promtail_refuses_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "promtail.yaml"
    path.write_text(rendered(LOCAL)["agents"]["agents/promtail-main.yaml"].replace("batchwait:", "batchwiat:"))

    answer = run("promtail", f"-config.file={path}", "-check-syntax")

    assert answer.returncode != 0
    assert "batchwiat" in answer.stdout + answer.stderr
