"""Verifications of every stage on a healthy cluster, and their messages for real faults."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psutil
import pytest
import yaml

from logops.clients.loki import LokiClient
from logops.platforms.local import LocalPlatform
from logops.render import STAGES, Stage
from logops.rollout import VerificationError, verify_stage
from logops.rollout.verifications import agents, tenants
from logops.rollout.verifications.verification import wait_for
from tests.support.local_platforms import pid_of

PROVEN = {
    "storage": {"blob-written-read-tiered-deleted", "prometheus-rules-loaded"},
    "loki": {"configuration-as-rendered", "process-ready", "ring-active", "versions-equal", "workloads-ready"},
    "agents": {"agent-ready", "line-arrives"},
    "tenants": {"overrides-live", "line-read-back-by-its-tenant-only", "no-tenant-no-logs"},
    "rules": {"rules-evaluated", "series-recorded"},
}


def said(_line: str) -> None:
    pass


def failures(platform: LocalPlatform, stage: Stage) -> dict[str, str]:
    """Return the failed checks: `name subject` mapped to the detail."""
    with pytest.raises(VerificationError) as failed:
        verify_stage(platform, stage, said)
    return {f"{check.name} {check.subject}": check.detail for check in failed.value.checks if not check.passed}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waiting times, because the faults in these tests are permanent."""
    monkeypatch.setattr(agents, "ARRIVE_SECONDS", 15.0)
    monkeypatch.setattr(tenants, "RELOAD_SECONDS", 6.0)


@pytest.mark.parametrize("stage", STAGES)
def test_healthy_stage_passes_every_verification(platform: LocalPlatform, stage: Stage) -> None:
    checks = verify_stage(platform, stage, said)
    assert {check.name for check in checks} == PROVEN[stage]


def test_line_without_a_time_arrives_although_its_source_was_quiet_for_long(platform: LocalPlatform) -> None:
    """Promtail gives a line without a readable time the time of the line before it."""
    earlier = datetime.now(UTC) - timedelta(minutes=20)
    text = f'192.0.2.7 - - [{earlier:%d/%b/%Y:%H:%M:%S +0000}] "GET /before HTTP/1.1" 200 12 "-" "curl"'
    platform.write_line("access", text)

    assert verify_stage(platform, "agents", said)


def test_missing_container_fails_storage_verification_with_name(platform: LocalPlatform) -> None:
    store = platform.object_store("main")
    store._service.delete_container("system-logs")  # logops has no method that deletes a container
    try:
        assert list(failures(platform, "storage")) == ["blob-written-read-tiered-deleted main/system-logs"]
    finally:
        store.create_container("system-logs")


@pytest.fixture
def frozen_agent(platform: LocalPlatform) -> Iterator[None]:
    """Freeze Promtail of the security cluster."""
    agent = psutil.Process(pid_of(platform, "promtail-security"))
    agent.suspend()
    yield
    agent.resume()


@pytest.mark.usefixtures("impatient", "frozen_agent")
def test_frozen_agent_fails_verification_with_its_source(platform: LocalPlatform) -> None:
    found = failures(platform, "agents")
    assert set(found) == {"agent-ready promtail-security", "line-arrives audit"}
    assert "did not arrive in security-team" in found["line-arrives audit"]


@pytest.fixture
def mistaken_override(platform: LocalPlatform) -> Iterator[None]:
    """Change a limit in the overrides file by hand."""
    file = platform.state / "live/tenants/main.yaml"
    before = file.read_text()
    overrides = yaml.safe_load(before)
    overrides["overrides"]["platform"]["retention_period"] = "48h"
    file.write_text(yaml.safe_dump(overrides))
    yield
    file.write_text(before)


@pytest.mark.usefixtures("impatient", "mistaken_override")
def test_undeclared_limit_fails_verification_with_both_values(platform: LocalPlatform) -> None:
    wait_until_reloaded(platform, "2d")
    found = failures(platform, "tenants")
    assert list(found) == ["overrides-live main/platform"]
    assert "retention_period is '2d', declared '2160h'" in found["overrides-live main/platform"]


def wait_until_reloaded(platform: LocalPlatform, period: str) -> None:
    def look() -> bool | None:
        with LokiClient(platform.write_url("main")) as client:
            return client.tenant_limits("platform")["retention_period"] == period or None

    wait_for(look, lambda: "Loki did not reload", 15)
