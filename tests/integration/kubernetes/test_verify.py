"""Verifications of Loki behind the pods of a real API server: real Loki processes, the rendered gateway, a canary.

The API server forwards the ports of the pods, as it does for everybody. kwok leads them to the programs.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import yaml

from logops.clients.loki import LokiClient
from logops.rollout import Approval, VerificationError, plan, run_rollout, verify_stage
from logops.rollout.verifications import gateway, loki
from tests.support.kubernetes_cluster import KubernetesCluster
from tests.support.loki_on_kubernetes import COMPONENTS, Deployment, deployed_loki
from tests.support.pod_programs import INGESTERS, Program, until_ready
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def deployment(cluster: KubernetesCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed_loki(cluster, tmp_path_factory.mktemp("verify")) as running:
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waiting times, because the faults in these tests are permanent."""
    monkeypatch.setattr(loki, "SETTLE_SECONDS", 2.0)
    monkeypatch.setattr(loki, "RETRY_SECONDS", 1.0)
    monkeypatch.setattr(gateway, "ARRIVE_SECONDS", 5.0)


def failures(deployment: Deployment) -> dict[str, str]:
    """Return the failed checks: `name subject` mapped to the detail."""
    with pytest.raises(VerificationError) as failed:
        verify_stage(deployment.platform, "loki", print)
    return {f"{check.name} {check.subject}": check.detail for check in failed.value.checks if not check.passed}


def test_healthy_loki_passes_every_verification_of_each_pod_and_tenant(deployment: Deployment) -> None:
    checks = verify_stage(deployment.platform, "loki", print)
    passed = {f"{check.name} {check.subject}": check.detail for check in checks}

    configured = [name for name in passed if name.startswith("configuration-as-rendered")]
    assert len(configured) == len(deployment.platform.urls("main")) == 3 + len(COMPONENTS) + 2
    assert passed["ring-active main"] == "3 ingesters ACTIVE"
    assert passed["pushed-and-read-through-gateway main/application"] == (
        "5 lines pushed by agents, read by grafana; 2 others do not see them"
    )
    assert passed["pushed-and-read-through-gateway main/canary"] == (
        "5 lines pushed by canary, read by canary; 2 others do not see them"
    )


@pytest.mark.usefixtures("impatient")
def test_missing_ring_member_fails_with_its_name(deployment: Deployment) -> None:
    program = deployment.loki.programs[INGESTERS[2]]
    program.stop()
    try:
        found = failures(deployment)
    finally:
        program.start()
        until_ready(program)

    assert found["ring-active main"] == "expected 3 ingesters ACTIVE, found loki-main-ingester-2 missing within 2 s"
    assert "connecting to port 3100 of pod" in found["process-ready main-ingester-2"]


@pytest.mark.usefixtures("impatient")
def test_leaving_ring_member_fails_with_its_name(deployment: Deployment) -> None:
    program = deployment.loki.programs[INGESTERS[2]]
    arguments = program.arguments
    program.stop()
    # So it stays in the ring when it ends, as an ingester that hangs in its shutdown.
    program.arguments = [*arguments, "-ingester.unregister-on-shutdown=false"]
    program.start()
    until_ready(program)
    program.stop()
    try:
        found = failures(deployment)
    finally:
        program.arguments = arguments
        program.start()
        until_ready(program)

    assert found["ring-active main"] == "expected 3 ingesters ACTIVE, found loki-main-ingester-2 LEAVING within 2 s"


def test_configuration_changed_by_hand_on_one_replica_fails_with_the_difference(deployment: Deployment) -> None:
    program = deployment.loki.programs[INGESTERS[0]]
    edited = yaml.safe_load(deployment.loki.text)
    edited["ingester"]["chunk_idle_period"] = "3h"
    edited["limits_config"] = {"max_line_size": "1MB"}
    restart_with(deployment, program, yaml.safe_dump(edited))
    try:
        found = failures(deployment)
    finally:
        restart_with(deployment, program, deployment.loki.text)

    assert list(found) == ["configuration-as-rendered main-ingester-0"]
    assert found["configuration-as-rendered main-ingester-0"] == (
        "it runs with 1 other setting than the rollout rendered. Restart it, and look for who changed its file:\n"
        "    ingester.chunk_idle_period: 3h0m0s is running, 30m is in the file"
    )


def restart_with(deployment: Deployment, program: Program, text: str) -> None:
    deployment.loki.write(text)
    program.stop()
    program.start()
    until_ready(program)


@pytest.mark.usefixtures("impatient")
def test_tenant_whose_push_is_refused_fails_alone_with_the_answer_of_loki(
    deployment: Deployment, limit: Callable[[str, object], None]
) -> None:
    limit("max_line_size", 10)
    found = failures(deployment)

    assert list(found) == ["pushed-and-read-through-gateway main/platform"]
    detail = found["pushed-and-read-through-gateway main/platform"]
    assert detail.startswith("pushing as agents for platform: ")
    assert "Loki answered 400: " in detail
    assert "while adding an entry with length" in detail


@pytest.mark.usefixtures("impatient")
def test_tenant_whose_lines_are_dropped_fails_alone_with_their_count(
    deployment: Deployment, limit: Callable[[str, object], None]
) -> None:
    """Loki answers 260 by default, which clients take as success."""
    limit("block_ingestion_until", "2100-01-01T00:00:00Z")
    found = failures(deployment)

    assert list(found) == ["pushed-and-read-through-gateway main/platform"]
    detail = found["pushed-and-read-through-gateway main/platform"]
    assert detail == "grafana read 0 of 5 lines of platform within 5 s"


@pytest.fixture
def limit(deployment: Deployment) -> Iterator[Callable[[str, object], None]]:
    """Set a limit of the tenant `platform` by hand."""
    file = deployment.loki.folder / "overrides.yaml"

    def set_limit(name: str, value: object) -> None:
        # Loki does not report every limit, so another one shows that the file was read.
        file.write_text(yaml.safe_dump({"overrides": {"platform": {name: value, "max_streams_per_user": 4321}}}))
        until_reloaded(deployment, lambda streams: streams == 4321)

    yield set_limit
    file.write_text("overrides: {}\n")
    until_reloaded(deployment, lambda streams: streams != 4321)


def until_reloaded(deployment: Deployment, is_expected: Callable[[object], bool]) -> None:
    for program in deployment.loki.programs.values():
        with LokiClient(program.url) as client:
            wait_for(lambda: is_expected(client.tenant_limits("platform")["max_streams_per_user"]), 20)


def test_rollout_whose_verification_fails_goes_back_to_the_last_state(deployment: Deployment) -> None:
    changed = deployment.changed(("clusters.main.components.querier.replicas", 3))
    passwords = deployment.gateway.folder / "passwords"
    before = passwords.read_text()
    passwords.write_text(before.replace("agents:", "somebody:"))
    try:
        approved = plan(changed, ("loki",))
        approval = Approval(approved.digest, "a person", datetime.now(UTC), "terminal")
        result = run_rollout(changed, approved, approval, "failing", print)
    finally:
        passwords.write_text(before)
    queriers = deployment.api.read("apps/v1", "Deployment", "loki-main-querier", deployment.namespace)

    assert "Loki answered 401" in result.failures["loki.verify"]
    assert (result.outcome, result.rolled_back) == ("failed", {"loki": 1})
    assert queriers
    assert queriers["spec"]["replicas"] == 2


def test_user_whose_password_is_another_one_in_the_gateway_fails_with_401(deployment: Deployment) -> None:
    passwords = deployment.gateway.folder / "passwords"
    before = passwords.read_text()
    # The gateway still has the password of yesterday.
    lines = [line for line in before.splitlines() if not line.startswith("agents:")]
    passwords.write_text("\n".join([*lines, "agents:{PLAIN}yesterday", ""]))
    try:
        found = failures(deployment)
    finally:
        passwords.write_text(before)

    assert set(found) == {
        "pushed-and-read-through-gateway main/application",
        "pushed-and-read-through-gateway main/platform",
    }
    assert "pushing as agents for platform: " in found["pushed-and-read-through-gateway main/platform"]
    assert "Loki answered 401" in found["pushed-and-read-through-gateway main/platform"]
