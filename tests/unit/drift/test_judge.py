"""Findings of an observed system. Values in, values out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from logops.alerts.audience import audience
from logops.clients.loki import RingMember
from logops.drift.judge import Context, judged
from logops.drift.observed import Observed, StageState, Unread
from logops.drift.running import Process
from logops.findings import Finding
from logops.platforms.platform import MISSING, FileChange, ProcessStatus, Revision
from logops.platforms.preview import ObjectDiff, Preview
from logops.render import Files, Stage
from tests.support.environments import environment, rendered

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOCAL = environment("local")
DESIRED = rendered(LOCAL)
ROLLED_OUT = NOON - timedelta(hours=3)
PROCESSES = ["main-ingester-0", "main-ingester-1", "main-ingester-2"]
MEMBERS = [RingMember(name, "ACTIVE", "127.0.0.1:1", timedelta(), "") for name in PROCESSES]


def state(stage: Stage, live: Files, **changes: FileChange) -> StageState:
    revision = Revision(stage, 3, DESIRED[stage].digest, "manual__run", ROLLED_OUT)
    return StageState(live, DESIRED[stage], DESIRED[stage], revision, changes)


def edited(stage: Stage, name: str, old: str, new: str) -> Files:
    text = DESIRED[stage][name]
    assert old in text
    return Files({**DESIRED[stage], name: text.replace(old, new, 1)})


def findings(observed: Observed) -> list[Finding]:
    return judged(Context(LOCAL, observed, DESIRED, {"loki": "3.7.8"}, NOON))


def only(observed: Observed) -> Finding:
    found = findings(observed)
    assert len(found) == 1, [finding.message for finding in found]
    return found[0]


def test_system_as_declared_has_no_finding() -> None:
    states = {stage: state(stage, files) for stage, files in DESIRED.items()}
    replicas = {("main", "ingester"): PROCESSES}
    assert findings(Observed(states, rings={("main", "ingester"): MEMBERS}, replicas=replicas)) == []


def test_file_changed_by_hand_is_named_with_who_when_and_the_diff() -> None:
    live = edited("loki", "loki/main.yaml", "log_level: warn", "log_level: debug")
    change = FileChange("ada", NOON - timedelta(hours=1))
    finding = only(Observed({"loki": replace(state("loki", live), changes={"loki/main.yaml": change})}))
    assert (finding.cls.name, finding.subject.cluster, finding.subject.path) == (
        "config-drift",
        "main",
        "loki/main.yaml",
    )
    assert finding.message == (
        "loki/main.yaml was changed after the rollout manual__run (2026-11-28 09:00 UTC): 1 line only live, 1 line "
        "only declared. Last written by ada, 2026-11-28 11:00:00 UTC."
    )
    assert "-  log_level: debug\n+  log_level: warn" in str(finding.evidence["diff"])
    assert finding.evidence["rollout_form"] == "logops-rollout/?environment=local&stages=loki"


def test_file_that_the_last_rollout_left_is_a_change_that_was_not_rolled_out() -> None:
    live = edited("tenants", "tenants/main.yaml", "2160h", "1440h")
    finding = only(Observed({"tenants": replace(state("tenants", live), applied=live)}))
    assert finding.message.startswith("tenants/main.yaml is as the rollout manual__run (2026-11-28 09:00 UTC) left it")
    assert finding.remedy_text.startswith("Roll the change out: `logops up local --stage tenants`")


def test_missing_container_is_named() -> None:
    live = edited("storage", "storage/main.yaml", "- system-logs\n", "")
    finding = only(Observed({"storage": state("storage", live)}))
    assert finding.message.startswith("storage/main.yaml: system-logs does not exist in the storage account.")


def test_changed_rule_is_rule_drift_of_its_tenant() -> None:
    name = next(name for name in DESIRED["rules"] if name.startswith("rules/main/"))
    live = Files({other: text for other, text in DESIRED["rules"].items() if other != name})
    finding = only(Observed({"rules": state("rules", live)}))
    assert (finding.cls.name, finding.subject.path) == ("rule-drift", name)
    assert finding.subject.tenant == name.split("/")[2]


def test_changed_agent_is_agent_drift_of_its_cluster() -> None:
    live = edited("agents", "agents/promtail-security.yaml", "batchwait: 1s", "batchwait: 9s")
    finding = only(Observed({"agents": state("agents", live)}))
    assert (finding.cls.name, finding.subject.cluster) == ("agent-drift", "security")


@pytest.mark.parametrize(
    ("stage", "name", "old"),
    [
        ("storage", "storage/security.yaml", "account: "),
        ("storage", "storage/alertmanager/security.yaml", "receivers:"),
        ("loki", "loki/security.yaml", "log_level: warn"),
        ("agents", "agents/promtail-security.yaml", "batchwait: 1s"),
        ("tenants", "tenants/security.yaml", "overrides:"),
    ],
)
def test_difference_of_the_security_cluster_is_for_its_people_only(stage: Stage, name: str, old: str) -> None:
    finding = only(Observed({stage: state(stage, edited(stage, name, old, f"{old} x"))}))
    assert audience(finding, LOCAL) == "security"


def test_alertmanager_of_security_that_does_not_run_is_for_its_people_only() -> None:
    workloads = {n: digest for n, digest in DESIRED["storage"].workloads.items() if n != "alertmanager-security"}
    listed = "".join(f"{name} {digest}\n" for name, digest in workloads.items())
    finding = only(Observed({"storage": state("storage", Files({**DESIRED["storage"], "processes/storage": listed}))}))
    assert (finding.subject.path, finding.subject.cluster) == ("alertmanager-security", "security")


def test_process_that_does_not_run_is_named_with_the_reason() -> None:
    workloads = {name: digest for name, digest in DESIRED["loki"].workloads.items() if name != "main-ruler-0"}
    listed = "".join(f"{name} {digest}\n" for name, digest in workloads.items())
    live = Files({**DESIRED["loki"], "processes/loki": listed})
    status = ProcessStatus("main-ruler-0", "loki", "FATAL", False, "exit status 1", program="loki", cluster="main")
    other = ProcessStatus("main-ingester-0", "loki", "RUNNING", True, pid=7, program="loki", cluster="main")
    finding = only(Observed({"loki": state("loki", live)}, statuses=[status, other]))
    assert finding.message == "main-ruler-0 is declared and does not run: exit status 1."
    assert (finding.subject.cluster, finding.subject.path) == ("main", "main-ruler-0")


def test_pod_with_another_version_than_its_workload_is_named_unless_a_rollout_would_restart_it() -> None:
    pod = ProcessStatus("loki-main-querier-a", "loki", "Running", True, version="3.7.5", program="loki", cluster="main")
    pods = [replace(pod, declared_version="3.7.6"), replace(pod, name="right", declared_version="3.7.5"), pod]
    loki = {"loki": state("loki", DESIRED["loki"])}
    restart = ObjectDiff("loki", "Pod monitoring/loki-main-querier-a", "change", ("+restart",))
    finding = only(Observed(loki, pods=pods))

    assert finding.cls.name == "version-skew"
    assert finding.message == "Pod loki-main-querier-a runs loki 3.7.5, and its workload declares 3.7.6."
    assert only(Observed(loki, objects={"loki": Preview([restart])}, pods=pods)).cls.name == "config-drift"


def test_workload_that_lacks_pods_is_named_with_their_number() -> None:
    lacking = ProcessStatus("loki-main-ingester", "loki", MISSING, False, "2 of 3 pods exist", cluster="main")
    finding = only(Observed({"loki": state("loki", DESIRED["loki"])}, pods=[lacking]))

    assert (finding.cls.name, finding.subject.cluster) == ("config-drift", "main")
    assert finding.message == "loki-main-ingester: 2 of 3 pods exist."


def running(text: str) -> Observed:
    """Return a system in which an ingester has the declared configuration, with one line replaced by `text`."""
    process = Process("main-ingester-0", "loki", "main", "http://127.0.0.1:1", "loki/main.yaml", 4711, "ingester")
    configuration = yaml.safe_load(DESIRED["loki"]["loki/main.yaml"].replace("log_level: warn", text))
    return Observed(
        {"loki": state("loki", DESIRED["loki"])}, processes=[process], running={"main-ingester-0": configuration}
    )


def test_process_that_runs_with_another_file_is_named_with_setting_and_command() -> None:
    finding = only(running("log_level: debug"))
    assert finding.message == (
        "main-ingester-0 runs with other settings than its file loki/main.yaml has: server.log_level: debug is "
        "running, warn is in the file."
    )
    assert "`kill 4711`" in finding.remedy_text


def test_process_that_runs_as_declared_with_an_edited_file_is_no_second_finding() -> None:
    observed = running("log_level: warn")
    live = edited("loki", "loki/main.yaml", "log_level: warn", "log_level: debug")
    found = only(replace(observed, stages={"loki": state("loki", live)}))
    assert found.subject.path == "loki/main.yaml"


def limited(**limits: object) -> Observed:
    """Return a system in which one of two processes applies other limits to the tenant `platform`."""
    processes = [
        Process(f"main-ingester-{number}", "loki", "main", "http://127.0.0.1:1", "loki/main.yaml", 1, "ingester")
        for number in range(2)
    ]
    declared = yaml.safe_load(DESIRED["tenants"]["tenants/main.yaml"])["overrides"]
    other = {**declared, "platform": {**declared["platform"], **limits}}
    return Observed(
        {"tenants": state("tenants", DESIRED["tenants"])},
        processes=processes,
        limits={"main-ingester-0": declared, "main-ingester-1": other},
    )


def test_limit_that_a_process_does_not_apply_is_named_with_process_and_both_values() -> None:
    finding = only(limited(retention_period="2d"))
    assert finding.cls.name == "limit-not-effective"
    assert finding.message == (
        "retention_period of tenant platform is 2160h in the overrides file; main-ingester-1 of main applies 2d."
    )
    assert (finding.subject.tenant, finding.subject.path) == ("platform", "retention_period")


def test_limit_in_the_notation_of_loki_is_effective() -> None:
    assert findings(limited(retention_period="12w6d")) == []


def test_limit_that_was_edited_and_not_loaded_yet_is_only_a_difference_of_the_file() -> None:
    live = edited("tenants", "tenants/main.yaml", "2160h", "48h")
    finding = only(replace(limited(), stages={"tenants": state("tenants", live)}))
    assert finding.subject.path == "tenants/main.yaml"


@pytest.mark.parametrize("text", ["overrides:\n  platform:\n", "overrides: 7\n", "- a\n", "\t: {", "platform: null\n"])
def test_overrides_that_somebody_damaged_are_a_difference_of_the_file(text: str) -> None:
    live = Files({**DESIRED["tenants"], "tenants/main.yaml": text})
    finding = only(replace(limited(), stages={"tenants": state("tenants", live)}))
    assert finding.subject.path == "tenants/main.yaml"


def test_older_version_of_a_process_is_version_skew() -> None:
    status = ProcessStatus(
        "main-ruler-0", "loki", "RUNNING", True, pid=7, version="3.6.0", program="loki", cluster="main"
    )
    finding = only(Observed(statuses=[status]))
    assert (finding.cls.name, finding.message) == (
        "version-skew",
        "main-ruler-0 runs loki 3.6.0; this version of logops deploys 3.7.8.",
    )


def test_program_replaced_after_its_process_started_is_version_skew() -> None:
    status = ProcessStatus(
        "main-ruler-0",
        "loki",
        "RUNNING",
        True,
        pid=7,
        version="3.7.8",
        program="loki",
        cluster="main",
        is_replaced=True,
    )
    assert only(Observed(statuses=[status])).message == (
        "main-ruler-0 runs loki 3.7.8, and the program on the disk was replaced after it had started: its next start "
        "is another program."
    )


def test_ring_with_an_unhealthy_member_is_named_with_the_members() -> None:
    members = [*MEMBERS[:2], replace(MEMBERS[2], state="UNHEALTHY")]
    observed = Observed(rings={("main", "ingester"): members}, replicas={("main", "ingester"): PROCESSES})
    assert only(observed).message == (
        "The ingester ring of main has: main-ingester-0 ACTIVE, main-ingester-1 ACTIVE, main-ingester-2 UNHEALTHY. "
        "Declared: 3 ACTIVE members."
    )


def test_public_container_of_the_security_cluster_is_critical_and_for_its_people() -> None:
    finding = only(Observed(public={"security": {"security-chunks": "blob"}}))
    assert (finding.cls.name, finding.cls.severity.value) == ("container-public", "critical")
    assert "read a blob whose name they know, without a login" in finding.message
    assert audience(finding, LOCAL) == "security"


def test_part_that_could_not_be_read_is_check_incomplete_of_its_cluster() -> None:
    unread = Unread("the configuration of main-ruler-0", "no answer.", "main")
    finding = only(Observed(unread=(unread,)))
    assert (finding.cls.name, finding.subject.cluster) == ("check-incomplete", "main")
    assert finding.message == (
        "Not compared: the configuration of main-ruler-0 (no answer). Whether it drifted is unknown."
    )


def test_stopped_environment_is_one_finding() -> None:
    status = ProcessStatus("main-ruler-0", "loki", "STOPPED", False, "supervisord does not run", program="loki")
    finding = only(Observed({"loki": state("loki", Files({}))}, statuses=[status]))
    assert finding.message == "local is stopped: none of its 1 process runs. Nothing was compared."
