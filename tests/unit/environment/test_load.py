"""Tests of loading: every kind of invalid input is reported with its path, what was found and what is allowed."""

import contextlib
import json
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from logops.environment import EnvironmentFileError, find_environment, load_environment, parse_environment
from logops.environment.load import MAX_BYTES
from logops.environment.problem import Problem

ROOT = Path(__file__).parents[3]
Problems = Callable[[str, str], list[tuple[str, str, str]]]


@pytest.mark.parametrize("name", ["local", "production"])
def test_included_environment_is_valid(name: str) -> None:
    assert load_environment(find_environment(name, ROOT)).name == name


def test_production_environment_has_the_limits_and_retention_of_the_story() -> None:
    main = load_environment(ROOT / "include/environments/production.yaml").clusters["main"]

    limits = main.limits
    assert (limits.ingestion_rate_mb, limits.ingestion_burst_size_mb) == (100, 200)
    assert str(limits.reject_old_samples_max_age) == "168h"
    assert (str(main.ingester.chunk_idle_period), str(main.compactor.retention_delete_delay)) == ("30m", "2h")
    assert {str(tenant.retention.hot) for tenant in main.tenants.values()} == {"30d"}
    assert {str(tenant.retention.keep) for tenant in main.tenants.values()} == {"90d"}


@pytest.mark.parametrize(
    ("old", "new", "path", "found", "allowed"),
    [
        ("hot: 30d", "hott: 30d", "clusters.main.tenants.application.retention.hott", "unknown key", "hot?"),
        (
            "ingestion_rate_mb: 20", "ingestion_rate: 20",
            "clusters.main.tenants.platform.limits.ingestion_rate", "unknown key", "ingestion_rate_mb?",
        ),
        (
            "kind: syslog\n", "kind: syslog\n    syslog: {port: 1514}\n",
            "sources.syslog.syslog", "unknown key",
            "one of: cluster, expect, expect_every, kind, labels, message_format, owner, parse, port, protocol, "
            "tenant, tenant_from, tls",
        ),
        (
            "kind: syslog\n", "kind: syslog\n    event_hub: x\n",
            "sources.syslog.event_hub", "unknown key", "it belongs to kind: event-hub, and this is kind: syslog",
        ),
        (
            "base_port: 23100", "base_port: 23100\n  namespace: monitoring",
            "platform.namespace", "unknown key",
            "it belongs to kind: kubernetes, and this is kind: local. Remove it, or change the kind",
        ),
        ("base_port: 23100", "port: 23100", "platform.base_port", "missing", "this key is required"),
        ("  kind: local\n", "", "platform.kind", "missing", "this key is required"),
        ("  kind: local\n", "  kind: locl\n", "platform.kind", '"locl"', "one of: 'local', 'kubernetes'"),
        (
            "components:\n      distributor:", "components:\n      distributer:",
            "clusters.main.components.distributer", '"distributer"',
            "Input should be 'all', 'distributor', 'ingester', 'querier', 'query-frontend', 'query-scheduler', "
            "'index-gateway', 'compactor', 'ruler' or 'gateway'",
        ),
        (
            "replicas: 3", "replicas: three",
            "clusters.main.components.ingester.replicas", '"three"',
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "replicas: 3", "replicas: 0",
            "clusters.main.components.ingester.replicas", "0", "Input should be greater than or equal to 1",
        ),
        (
            "ingestion_rate_mb: 100", "ingestion_rate_mb: .inf",
            "clusters.main.limits.ingestion_rate_mb", "Infinity", "Input should be a finite number",
        ),
        (
            "hot: 30d", "hot: 30 days",
            "clusters.main.tenants.application.retention.hot", '"30 days"',
            "'30 days' is not a duration: write it as 30s, 1h30m, 90d or 2w",
        ),
        (
            "hot: 30d", "hot: 36h",
            "clusters.main.tenants.application.retention", "",
            "hot: 36h is not a whole number of days, and Azure's lifecycle rules count days",
        ),
        (
            "from: 2024-01-01", "from: 2024-13-01",
            "clusters.main.schema_periods.0.from", '"2024-13-01"',
            "Input should be a valid date or datetime, month value is outside expected range of 1-12",
        ),
        ("name: local", "name: Local", "name", '"Local"', "String should match pattern '^[a-z][a-z0-9-]{0,39}$'"),
        ("name: local", "name: no", "name", "false", "Input should be a valid string"),
        (
            "account_name: logopsmain", "account_name: logops-main",
            "storage_accounts.main.account_name", '"logops-main"', "String should match pattern '^[a-z0-9]{3,24}$'",
        ),
        (
            "ring: {store: memberlist}", "ring: {store: consul}",
            "clusters.main.ring", "", "consul takes exactly one endpoint, host:port",
        ),
        (
            "ring: {store: memberlist}", "ring: {store: etcd}",
            "clusters.main.ring", "", "etcd needs at least one endpoint, host:port",
        ),
        (
            "ring: {store: memberlist}", "ring: {endpoints: ['a:1']}",
            "clusters.main.ring", "", "memberlist takes no endpoints: members find each other",
        ),
        (
            "mode: single", "mode: distributed",
            "clusters.security", "",
            "components: a distributed cluster lacks distributor, ingester, querier, query-frontend, query-scheduler, "
            "index-gateway, compactor, ruler",
        ),
        (
            "mode: distributed", "mode: single",
            "clusters.main", "", "components: a single cluster has exactly one component, `all`",
        ),
        (
            "index_prefix: loki_index_}",
            "index_prefix: loki_index_}\n      - {from: 2024-01-01, index_prefix: again_}",
            "clusters.main", "", "schema_periods: each `from` must be later",
        ),
        (
            "redundancy: LRS\n    containers: [loki", "workload_identity_client_id: x\n    containers: [loki",
            "storage_accounts.main", "", "set exactly one login: account_key or workload_identity_client_id",
        ),
        (
            "format: regex\n", "format: json\n",
            "sources.access.parse", "", "expression: format regex requires an expression",
        ),
        (
            "    labels: {job: syslog}", "    labels: {job: syslog}\n    parse: {labels: [level]}",
            "sources.syslog.parse", "", "format: none parses no fields",
        ),
        (
            "labels: {job: nginx}", "labels: {job-name: nginx}",
            "sources.access.labels.job-name", '"job-name"', "use letters, digits and underscores",
        ),
        (
            "selector: '{level=\"error\"}'", "selector: 'level=error'",
            "clusters.main.tenants.application.retention.streams.0.selector", '"level=error"',
            "String should match pattern",
        ),
        (
            "platform:\n", "quality: {time_zone: Berlin}\nplatform:\n",
            "quality.time_zone", '"Berlin"', "Use an IANA name, such as UTC or Europe/Berlin",
        ),
        ("platform:\n", "platform: local\nplatforms:\n", "platform", "text", "Input should be an object"),
    ],
)  # fmt: skip
def test_invalid_value_is_reported_with_path_and_allowed_values(
    problems: Problems, old: str, new: str, path: str, found: str, allowed: str
) -> None:
    reported = problems(old, new)

    assert [problem for problem in reported if problem[:2] == (path, found) and allowed in problem[2]], reported


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("storage_account: main", "storage_account: mian", ("clusters.main.storage_account", "mian", "main, security")),
        ("chunks: loki-chunks", "chunks: chunks",
         ("clusters.main.containers.chunks", "chunks", "loki-chunks, loki-ruler, system-logs")),
        ("ruler: security-rules", "ruler: loki-ruler",
         ("clusters.security.containers.ruler", "loki-ruler", "security-logs, security-rules")),
        ("canary: {tenant: canary", "canary: {tenant: bird",
         ("clusters.main.canary.tenant", "bird", "application, canary, platform")),
        ("container: system-logs", "container: other-logs",
         ("storage_accounts.main.lifecycle.0.container", "other-logs", "loki-chunks, loki-ruler, system-logs")),
        ("    cluster: main\n", "    cluster: mian\n", ("sources.application.cluster", "mian", "main, security")),
        ("tenant: platform", "tenant: security-team",
         ("sources.syslog.tenant", "security-team", "application, canary, platform")),
        ("sources: [application, access", "sources: [application, acces",
         ("agents.promtail.sources.1", "acces", "access, application, audit, syslog")),
    ],
)  # fmt: skip
def test_undeclared_name_is_reported_with_the_declared_names(
    problems: Problems, old: str, new: str, reported: tuple[str, str, str]
) -> None:
    path, name, known = reported

    assert problems(old, new) == [(path, f'"{name}"', f"one of: {known}")]


@pytest.mark.parametrize(
    ("route", "path", "found", "allowed"),
    [
        (
            "classes: [chunk-mising]",
            "alerts.standard.routes.0.classes.0",
            '"chunk-mising"',
            "a class of docs/findings.md. Did you mean chunk-missing?",
        ),
        (
            "severities: [error, fatal]",
            "alerts.standard.routes.0.severities.1",
            '"fatal"',
            "Input should be 'warning', 'error' or 'critical'",
        ),
    ],
)
def test_route_with_an_unknown_class_or_severity_is_refused_with_its_name(
    problems: Problems, route: str, path: str, found: str, allowed: str
) -> None:
    receivers = "{a: {webhook: {url: 'http://a'}}}"
    standard = f"  standard: {{receivers: {receivers}, routes: [{{receiver: a, {route}}}], "

    assert problems("  standard: {", standard) == [(path, found, allowed)]


@pytest.mark.parametrize("tenant", ["index", "__deletion_manifest__"])
def test_tenant_with_the_name_of_a_loki_folder_is_refused(problems: Problems, tenant: str) -> None:
    path, found, allowed = problems("      canary:\n", f"      {tenant}:\n")[0]

    assert (path, found) == (f"clusters.main.tenants.{tenant}", f'"{tenant}"')
    assert f"Loki stores its own objects under {tenant}/" in allowed


@pytest.mark.parametrize("tenant", ["no", "on", "1.10", "007", "null", "2024-01-01"])
def test_tenant_name_that_yaml_would_convert_stays_text(local_text: str, tenant: str) -> None:
    environment = parse_environment(local_text.replace("      platform:\n", f"      {tenant}:\n").replace(
        "tenant: platform", f"tenant: '{tenant}'"), Path("x.yaml"))  # fmt: skip

    assert tenant in environment.clusters["main"].tenants


def test_kubernetes_environment_without_approval_is_refused() -> None:
    text = (ROOT / "include/environments/production.yaml").read_text().replace("required: true", "required: false")

    with pytest.raises(
        EnvironmentFileError, match=r"approval\.required: only a local environment may roll out without"
    ):
        parse_environment(text, Path("x.yaml"))


def test_all_problems_of_a_file_are_reported_together(problems: Problems) -> None:
    reported = problems("hot: 30d\n", "hot: soon\n          kept: long\n")

    assert [path.removeprefix("clusters.main.tenants.application.retention.") for path, _, _ in reported] == [
        "hot",
        "kept",
    ]


def test_list_with_invalid_entry_is_reported_once(problems: Problems) -> None:
    reported = problems("from: 2024-01-01", "from: yesterday")

    assert [path for path, _, _ in reported] == ["clusters.main.schema_periods.0.from"]


def test_suggested_keys_belong_to_the_model_at_that_path(problems: Problems) -> None:
    assert problems("  security:\n    mode: single\n", "  tenants:\n    moode: single\n")[0] == (
        "clusters.tenants.moode", "unknown key", "mode?",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty: a mapping"),
        ("# nothing", "empty: a mapping"),
        ("- name: local", "contains a list: a mapping"),
        ("local", "contains a str: a mapping"),
        ("name: [", "not readable as YAML: line 1, column 8"),
        ("name: local\nname: other", "the key 'name' is a duplicate"),
        ('name: "\\ud800"', "text that is not Unicode, or nested too deep"),
        ("name: " + "[" * 250 + "]" * 250, "text that is not Unicode, or nested too deep"),
        ("name: " + "[" * 5000, "nested too deep"),
    ],
    ids=range(9),
)
def test_text_that_is_not_an_environment_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        parse_environment(text, Path("x.yaml"))

    assert str(caught.value).startswith("x.yaml: 1 problem\n")
    assert message in str(caught.value)


def test_problem_is_reported_with_the_line_of_its_key(local_text: str) -> None:
    text = local_text.replace("retention_enabled: true", "retention_enable: true", 1)
    line = text.splitlines().index("      retention_enable: true") + 1

    with pytest.raises(EnvironmentFileError) as caught:
        parse_environment(text, Path("x.yaml"))

    problem = "clusters.main.compactor.retention_enable: unknown key: retention_enabled?"
    assert f"\n  line {line}: {problem}" in str(caught.value)


def test_problems_are_listed_in_the_order_of_the_file(local_text: str) -> None:
    text = local_text.replace("kind: syslog\n    cluster: main", "kind: syslog\n    cluster: nain").replace(
        "storage_account: main", "storage_account: mein", 1
    )

    with pytest.raises(EnvironmentFileError) as caught:
        parse_environment(text, Path("x.yaml"))

    lines = [problem.line or 0 for problem in caught.value.problems]
    assert len(lines) == 2
    assert 0 < lines[0] < lines[1]


def test_file_over_size_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("#" * (MAX_BYTES + 1))

    with pytest.raises(EnvironmentFileError, match=r"the file is too large: at most 1\.0 MiB"):
        load_environment(path)


def test_file_that_is_not_utf_8_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: größe".encode("latin-1"))

    with pytest.raises(EnvironmentFileError, match=r"latin\.yaml: 1 problem\n  cannot be read: .*: a UTF-8 YAML file"):
        load_environment(path)


def test_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError, match=r"gone\.yaml: 1 problem\n  cannot be read: .*No such file"):
        load_environment(tmp_path / "gone.yaml")


def test_environment_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    folder = tmp_path / "include" / "environments"
    folder.mkdir(parents=True)
    for name in ("a.yaml", "b.yaml"):
        (folder / name).touch()

    assert find_environment("a", tmp_path) == folder / "a.yaml"
    assert find_environment(str(folder / "b.yaml"), tmp_path) == folder / "b.yaml"
    with pytest.raises(EnvironmentFileError, match="no such file: a path, or one of: a, b"):
        find_environment("c", tmp_path)


def test_order_of_keys_in_a_file_does_not_matter(local_text: str) -> None:
    once = parse_environment(local_text, Path("x.yaml"))
    shuffled = _shuffled(yaml.safe_load(local_text), random.Random(7))

    again = parse_environment(json.dumps(shuffled, default=str), Path("x.yaml"))

    assert again.model_dump_json() == once.model_dump_json()


def test_environment_is_the_same_after_json_round_trip(local_text: str) -> None:
    environment = parse_environment(local_text, Path("x.yaml"))
    text = environment.model_dump_json(by_alias=True, exclude_none=True)

    assert parse_environment(text, Path("x.yaml")) == environment


def test_environment_file_error_can_be_pickled_and_raised_in_context_managers() -> None:
    error = EnvironmentFileError(Path("x.yaml"), (Problem("a.b", "1", "2"),))

    @contextlib.contextmanager
    def passing() -> Iterator[None]:
        yield

    with pytest.raises(EnvironmentFileError) as caught, passing():
        raise error
    assert caught.value is error
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "x.yaml: 1 problem\n  a.b: 1: 2"


def _shuffled(value: Any, by: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffled(entry, by) for entry in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    by.shuffle(keys)
    return {key: _shuffled(value[key], by) for key in keys}
