"""Drift of a running environment. Every fault is made for real, all in one run, and put back."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import requests
import yaml
from azure.storage.blob import ContainerClient

from logops.clients.alertmanager.client import AlertmanagerClient
from logops.clients.loki import LokiClient
from logops.drift import run as drift_run
from logops.drift.run import CHECK, DriftRequest, DriftResult, run_drift
from logops.findings import Finding, Subject
from logops.findings.acceptance import accept, write_acceptance
from logops.findings.store import ResultsStore
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.stages import STAGES, Stage
from tests.support.environments import environment
from tests.support.local_platforms import all_ready, pid_of
from tests.support.waiting import becomes_true, wait_for

QUERIER = "main-querier-0"
RULER = "main-ruler-0"
PROMETHEUS = "prometheus-security"


@pytest.fixture(autouse=True, scope="module")
def _looks_again_at_once() -> Iterator[None]:
    """The faults of this file stay until they are put back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drift_run, "SETTLE_S", 0.1)
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ResultsStore:
    return ResultsStore(str(tmp_path_factory.mktemp("results")))


def compared(platform: LocalPlatform, store: ResultsStore, *stages: Stage, run: str = "tests") -> DriftResult:
    request = DriftRequest(run, datetime.now(UTC), stages or STAGES)
    return run_drift(platform, request, store, lambda _: None)


def texts(result: DriftResult) -> list[str]:
    return [f"{finding.cls.name} {finding.subject}: {finding.message}" for finding in result.findings]


def test_healthy_environment_has_no_finding_in_three_runs(platform: LocalPlatform, store: ResultsStore) -> None:
    wait_for(lambda: all_ready(platform))
    for number in range(3):
        result = compared(platform, store, run=f"healthy-{number}")
        assert texts(result) == []
    assert result.headline == "all as declared (storage, loki, agents, tenants, rules)"
    assert [part.verdict for part in result.parts] == ["as declared"] * len(STAGES)


@contextmanager
def edited(platform: LocalPlatform, name: str, old: str, new: str) -> Iterator[None]:
    """Edit a live file by hand, and put it back at the end."""
    file = platform.state / "live" / name
    before = file.read_text()
    assert old in before
    file.write_text(before.replace(old, new, 1))
    # As if an hour had passed since the rollout.
    later = datetime.now(UTC) + timedelta(hours=1)
    os.utime(file, (later.timestamp(), later.timestamp()))
    try:
        yield
    finally:
        file.write_text(before)


def restart(platform: LocalPlatform, process: str) -> None:
    """Kill a process. supervisord starts it again; wait until it serves."""
    before = pid_of(platform, process)
    psutil.Process(before).send_signal(signal.SIGKILL)
    wait_for(lambda: pid_of_or_none(platform, process) not in (None, before))
    wait_for(lambda: all_ready(platform))


def pid_of_or_none(platform: LocalPlatform, process: str) -> int | None:
    return next((status.pid for status in platform.processes() if status.name == process), None)


@contextmanager
def querier_with_another_file(platform: LocalPlatform) -> Iterator[None]:
    """Let a process start with an edited file, and put the file back while it runs."""
    with edited(platform, "loki/main.yaml", "align_queries_with_step: true", "align_queries_with_step: false"):
        restart(platform, QUERIER)
    try:
        yield
    finally:
        restart(platform, QUERIER)


@contextmanager
def alertmanager_with_another_file(platform: LocalPlatform) -> Iterator[None]:
    """Let an Alertmanager load an edited file, and put the file back."""
    [url] = platform.alertmanager_urls("standard")
    with edited(platform, "storage/alertmanager/standard.yaml", "repeat_interval: 24h", "repeat_interval: 23h"):
        requests.post(f"{url}/-/reload", timeout=10).raise_for_status()
        with AlertmanagerClient(url) as client:
            assert yaml.safe_load(client.configuration())["route"]["repeat_interval"] == "23h"
    try:
        yield
    finally:
        requests.post(f"{url}/-/reload", timeout=10).raise_for_status()


@contextmanager
def prometheus_with_another_file(platform: LocalPlatform) -> Iterator[None]:
    """Let a Prometheus start with an edited file of rules, and put the file back while it runs."""
    with edited(platform, "storage/prometheus/rules/logops.yaml", "for: 10m", "for: 11m"):
        restart(platform, PROMETHEUS)
    try:
        yield
    finally:
        restart(platform, PROMETHEUS)


@contextmanager
def rule_deleted(platform: LocalPlatform) -> Iterator[None]:
    with LokiClient(platform.ruler_url("main")) as client:
        client.delete_rule_group("application", "sign-in", "sign-ins")
    try:
        yield
    finally:
        platform.apply("rules", platform.desired()["rules"], "tests", print)


@contextmanager
def container_made_public(platform: LocalPlatform) -> Iterator[None]:
    with platform.object_store("security") as store:
        # logops has no method that makes a container public.
        service = store._service
        name = next(iter(platform.environment.storage_accounts["security"].containers))
        container: ContainerClient = service.get_container_client(name)
        container.set_container_access_policy(signed_identifiers={}, public_access="blob")
        try:
            yield
        finally:
            container.set_container_access_policy(signed_identifiers={}, public_access=None)


def limit(platform: LocalPlatform, cluster: str, tenant: str) -> object:
    with LokiClient(platform.write_url(cluster)) as client:
        return client.tenant_limits(tenant)["ingestion_rate_mb"]


@pytest.fixture(scope="module")
def stricter(platform: LocalPlatform) -> LocalPlatform:
    """The running environment with another declared limit, which was never rolled out."""
    changed = environment(
        "local",
        ("name", platform.environment.name),
        ("platform.base_port", platform.environment.platform.base_port),  # type: ignore[union-attr]
        ("clusters.main.tenants.platform.limits.ingestion_rate_mb", 21),
    )
    return open_local(changed, platform.state.parents[1])


@pytest.fixture(scope="module")
def with_faults(platform: LocalPlatform, stricter: LocalPlatform, store: ResultsStore) -> DriftResult:
    """The result of one run while many parts differ."""
    [tenant] = [*platform.environment.clusters["security"].tenants][:1]
    overrides = yaml.safe_load((platform.state / "live/tenants/security.yaml").read_text())["overrides"][tenant]
    rate = overrides.get("ingestion_rate_mb")
    old, new = (
        (f"ingestion_rate_mb: {rate}", "ingestion_rate_mb: 7")
        if rate
        else (f"  {tenant}:", f"  {tenant}:\n    ingestion_rate_mb: 7")
    )
    faults = (
        querier_with_another_file(platform),
        alertmanager_with_another_file(platform),
        prometheus_with_another_file(platform),
        rule_deleted(platform),
        container_made_public(platform),
        edited(platform, "loki/security.yaml", "log_level: warn", "log_level: error"),
        edited(
            platform, "storage/main.yaml", "daysAfterModificationGreaterThan: 30", "daysAfterModificationGreaterThan: 3"
        ),
        edited(platform, "agents/promtail-main.yaml", "batchwait: 1s", "batchwait: 2s"),
        edited(platform, "tenants/security.yaml", old, new),
        # Loki refuses the whole file for its unknown key.
        edited(platform, "tenants/main.yaml", "overrides:", "unknown_key: 1\noverrides:"),
        edited(platform, "tenants/main.yaml", "ingestion_rate_mb: 20", "ingestion_rate_mb: 21"),
    )
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(fault)
        wait_for(lambda: limit(platform, "security", tenant) == 7)
        return compared(stricter, store, run="faults")


def found(result: DriftResult, path: str) -> Finding:
    by_path = {finding.subject.path: finding for finding in result.findings}
    assert path in by_path, texts(result)
    return by_path[path]


def test_file_changed_by_hand_is_config_drift_with_user_and_diff(with_faults: DriftResult) -> None:
    finding = found(with_faults, "loki/security.yaml")
    assert (finding.cls.name, finding.subject.cluster) == ("config-drift", "security")
    assert "loki/security.yaml was changed after the rollout tests" in finding.message
    assert "Last written by " in finding.message
    assert "-  log_level: error\n+  log_level: warn" in str(finding.evidence["diff"])


def test_process_that_started_with_another_file_is_config_drift_with_its_pid(with_faults: DriftResult) -> None:
    finding = found(with_faults, QUERIER)
    assert "query_range.align_queries_with_step: False is running, True is in the file" in finding.message
    assert f"`kill {finding.evidence['pid']}`" in finding.remedy_text


def test_alertmanager_that_loaded_another_file_is_config_drift(with_faults: DriftResult) -> None:
    finding = found(with_faults, "alertmanager-standard")
    assert "route.repeat_interval: 23h is running, 24h is in the file" in finding.message


def test_prometheus_that_loaded_another_file_of_rules_is_rule_drift_with_its_pid(with_faults: DriftResult) -> None:
    finding = found(with_faults, PROMETHEUS)
    assert (finding.cls.name, finding.subject.cluster) == ("rule-drift", "security")
    assert finding.message == f"{PROMETHEUS} has not loaded the rules of its files: results-unreachable differs."
    assert "-logops/results-unreachable for: 660s\n+logops/results-unreachable for: 600s" in str(
        finding.evidence["diff"]
    )
    assert f"`kill {finding.evidence['pid']}`" in finding.remedy_text


def test_limit_changed_by_hand_is_config_drift_of_the_overrides(with_faults: DriftResult) -> None:
    finding = found(with_faults, "tenants/security.yaml")
    assert finding.cls.name == "config-drift"
    assert "-    ingestion_rate_mb: 7" in str(finding.evidence["diff"])


def test_limit_that_loki_does_not_apply_is_limit_not_effective(with_faults: DriftResult) -> None:
    finding = found(with_faults, "ingestion_rate_mb")
    assert (finding.cls.name, finding.subject.tenant) == ("limit-not-effective", "platform")
    assert finding.message == (
        "ingestion_rate_mb of tenant platform is 21 in the overrides file; every process of main applies 20."
    )


def test_rule_deleted_from_a_ruler_is_rule_drift_of_its_tenant(with_faults: DriftResult) -> None:
    finding = found(with_faults, "rules/main/application/sign-in.yaml")
    assert (finding.cls.name, finding.subject.tenant) == ("rule-drift", "application")
    assert "is missing: somebody removed it after the rollout tests" in finding.message


def test_container_made_public_is_critical(with_faults: DriftResult) -> None:
    [finding] = [finding for finding in with_faults.findings if finding.cls.name == "container-public"]
    assert finding.subject.cluster == "security"
    assert "Anybody can read a blob whose name they know, without a login" in finding.message


def test_lifecycle_policy_changed_by_hand_is_config_drift(with_faults: DriftResult) -> None:
    finding = found(with_faults, "storage/main.yaml")
    assert "daysAfterModificationGreaterThan: 3\n" in str(finding.evidence["diff"])


def test_agent_file_changed_by_hand_is_agent_drift(with_faults: DriftResult) -> None:
    finding = found(with_faults, "agents/promtail-main.yaml")
    assert (finding.cls.name, finding.subject.cluster) == ("agent-drift", "main")


def test_every_fault_is_one_finding(with_faults: DriftResult) -> None:
    assert len(with_faults.findings) == 11, texts(with_faults)
    assert with_faults.headline == "11 differences (storage, loki, agents, tenants, rules)"


def test_environment_that_was_put_back_has_no_finding(
    platform: LocalPlatform, with_faults: DriftResult, store: ResultsStore
) -> None:
    assert with_faults.failed
    # Loki and the ruler load their files again within seconds.
    assert becomes_true(lambda: texts(compared(platform, store)) == [], 60), texts(compared(platform, store))


@pytest.fixture
def frozen_ruler(platform: LocalPlatform) -> Iterator[None]:
    ruler = psutil.Process(pid_of(platform, RULER))
    ruler.suspend()
    yield
    ruler.resume()
    wait_for(lambda: all_ready(platform))


@pytest.mark.usefixtures("frozen_ruler")
def test_ruler_that_does_not_answer_is_check_incomplete_and_never_no_drift(
    platform: LocalPlatform, store: ResultsStore
) -> None:
    result = compared(platform, store, "rules")
    [finding] = result.findings
    assert (finding.cls.name, finding.subject.cluster) == ("check-incomplete", "main")
    assert "the stage rules (main-ruler-0 is not ready" in finding.message
    assert [part.verdict for part in result.parts] == ["not compared"]
    assert result.failed


def test_environment_that_a_rollout_is_changing_is_not_compared_and_not_recorded(
    platform: LocalPlatform, store: ResultsStore
) -> None:
    platform.acquire_lease("manual__other")
    try:
        result = compared(platform, store, run="during")
    finally:
        platform.release_lease("manual__other")
    assert result.headline == ("not compared: the rollout manual__other is changing tests. Compare when it has ended.")
    assert "during" not in [run.id for run, _ in store.runs("tests", CHECK, datetime.now(UTC))]


def test_accepted_difference_is_shown_and_does_not_fail_the_run(platform: LocalPlatform, store: ResultsStore) -> None:
    now = datetime.now(UTC)
    subject = Subject("tests", path="loki/main.yaml")
    write_acceptance(store, accept("config-drift", subject, "ada", "to find a fault", timedelta(days=7), now))
    with edited(platform, "loki/main.yaml", "log_level: warn", "log_level: debug"):
        result = compared(platform, store, "loki")
    [finding] = result.findings
    assert not result.failed
    assert result.headline == "1 accepted (loki)"
    assert (
        result.accepted[finding.id].text == f"accepted by ada until {now + timedelta(days=7):%Y-%m-%d}: to find a fault"
    )


def test_stage_that_was_never_rolled_out_is_not_drift(
    platform: LocalPlatform, store: ResultsStore, tmp_path: Path
) -> None:
    fresh = open_local(platform.environment, tmp_path)
    result = compared(fresh, store)
    assert texts(result) == []
    assert [part.verdict for part in result.parts] == ["not rolled out"] * len(STAGES)
    assert not result.failed
