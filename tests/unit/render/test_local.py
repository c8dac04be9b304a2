"""Tests of local rendering: which files and processes a change in the environment affects."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from logops.environment import Environment, parse_environment
from logops.environment.base import SecretRef
from logops.render import STAGES, PlacementError, Stage, render_local
from tests.support.environments import COMMANDS, FOLDER, STATE, environment, programs, rendered

LOCAL = environment("local")
DIGESTS = """
import sys; from tests.support.environments import environment, rendered
print({stage: files.digest for stage, files in rendered(environment("local")).items()})
"""


def digests(declared: Environment) -> dict[Stage, str]:
    return {stage: files.digest for stage, files in rendered(declared).items()}


def changed_stages(declared: Environment) -> set[Stage]:
    before, after = digests(LOCAL), digests(declared)
    return {stage for stage in STAGES if before[stage] != after[stage]}


def changed_programs(declared: Environment) -> set[str]:
    before, after = programs(LOCAL), programs(declared)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_every_stage_has_files() -> None:
    assert {stage for stage, files in rendered(LOCAL).items() if files} == set(STAGES)


def test_render_of_same_environment_gives_the_same_bytes() -> None:
    assert {stage: dict(files) for stage, files in rendered(LOCAL).items()} == {
        stage: dict(files) for stage, files in rendered(environment("local")).items()
    }


def test_render_in_another_process_folder_and_time_zone_gives_the_same_bytes() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone, folder in (("1", "Asia/Tokyo", "/"), ("2", "America/New_York", "/tmp"))
    }

    assert answers == {f"{digests(LOCAL)}\n"}


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_render_does_not_depend_on_the_order_of_keys(random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: shuffled(value[key]) for key in random.sample(list(value), len(value))}

    data = shuffled(yaml.safe_load((FOLDER / "local.yaml").read_text()))

    assert digests(parse_environment(json.dumps(data, default=str), Path("local.yaml"))) == digests(LOCAL)


def test_changed_tenant_limit_changes_only_the_tenants_stage() -> None:
    declared = environment("local", ("clusters.main.tenants.platform.limits.ingestion_rate_mb", 21))

    assert changed_stages(declared) == {"tenants"}
    assert changed_programs(declared) == set()


def test_changed_tenant_retention_changes_limits_and_lifecycle_but_no_process() -> None:
    declared = environment(
        "local",
        ("clusters.main.tenants.platform.retention.hot", "40d"),
        ("clusters.main.tenants.platform.retention.keep", "100d"),
    )

    assert changed_stages(declared) == {"storage", "tenants"}
    assert changed_programs(declared) == set()


def test_changed_query_setting_changes_only_processes_of_its_cluster() -> None:
    declared = environment("local", ("clusters.main.query.max_retries", 6))

    assert changed_stages(declared) == {"loki"}
    assert changed_programs(declared) == {name for name, p in programs(LOCAL).items() if p.program == "loki"} - {
        "security-all-0"
    }


def test_additional_replica_changes_no_other_process() -> None:
    declared = environment("local", ("clusters.main.components.ingester.replicas", 4))

    assert changed_programs(declared) == {"main-ingester-3"}


def test_changed_memory_limit_changes_only_processes_of_that_component() -> None:
    declared = environment("local", ("clusters.main.components.querier.resources.limits.memory", "2GiB"))

    assert changed_programs(declared) == {"main-querier-0"}
    assert programs(declared)["main-querier-0"].environment["GOMEMLIMIT"] == f"{2**31}B"


def test_additional_source_changes_only_the_agent_that_ships_it() -> None:
    declared = environment(
        "local",
        ("sources.more", LOCAL.sources["application"].model_dump(mode="json")),
        ("agents.promtail.sources", ["application", "access", "audit", "syslog", "more"]),
    )

    assert changed_stages(declared) == {"agents"}
    assert changed_programs(declared) == {"promtail-main"}


def test_changed_source_changes_only_the_agent_that_ships_it() -> None:
    declared = environment("local", ("sources.application.parse.labels", ["level"]))

    assert changed_stages(declared) == {"agents"}
    assert changed_programs(declared) == {"promtail-main"}


def test_changed_lifecycle_rule_changes_the_account_but_no_process() -> None:
    rule = {"name": "raw", "container": "system-logs", "prefix": "raw/", "delete_after": 30}
    declared = environment("local", ("storage_accounts.main.lifecycle", [rule]))

    assert changed_stages(declared) == {"storage"}
    assert changed_programs(declared) == set()


def test_process_list_has_the_digest_of_each_process() -> None:
    listed = dict(
        line.split() for stage in STAGES for line in rendered(LOCAL)[stage].get(f"processes/{stage}", "").splitlines()
    )

    assert listed == {name: program.digest for name, program in programs(LOCAL).items()}


def test_secrets_in_environment_variables_are_not_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    references = secrets_of(LOCAL)
    assert len(references) == 2
    before = digests(LOCAL)
    for reference in references:
        monkeypatch.setenv(reference.variable, "hunter2")

    after = rendered(LOCAL)

    assert not any("hunter2" in text for files in after.values() for text in files.values())
    assert {stage: files.digest for stage, files in after.items()} == before


def test_process_gets_only_the_key_of_its_storage_account() -> None:
    own = {"main": "LOGOPS_MAIN_STORAGE_KEY", "security": "LOGOPS_SECURITY_STORAGE_KEY"}
    for program in programs(LOCAL).values():
        inherited = {own[program.cluster]} if program.program == "loki" else set()
        blanked = {name for name, value in program.variables.items() if value == "" and name.endswith("_KEY")}

        assert blanked == set(own.values()) - inherited, program.name


def test_only_azurite_gets_all_account_keys_and_only_as_references() -> None:
    variables_by_program = {name: p.environment.get("AZURITE_ACCOUNTS") for name, p in programs(LOCAL).items()}

    assert {name: accounts for name, accounts in variables_by_program.items() if accounts} == {
        "azurite": "logopsmain:%(ENV_LOGOPS_MAIN_STORAGE_KEY)s;logopssecurity:%(ENV_LOGOPS_SECURITY_STORAGE_KEY)s"
    }


def test_loki_configuration_references_only_the_key_of_its_cluster() -> None:
    files = rendered(LOCAL)["loki"]

    assert "${LOGOPS_MAIN_STORAGE_KEY}" in files["loki/main.yaml"]
    assert "LOGOPS_SECURITY" not in files["loki/main.yaml"]
    assert "${LOGOPS_SECURITY_STORAGE_KEY}" in files["loki/security.yaml"]
    assert "LOGOPS_MAIN" not in files["loki/security.yaml"]


def test_ingesters_start_first_and_the_scheduler_next() -> None:
    assert LOCAL.clusters["main"].components.keys() >= {"distributor", "querier"}
    loki = [name for name, program in programs(LOCAL).items() if program.program == "loki"]

    assert loki[:4] == ["main-ingester-0", "main-ingester-1", "main-ingester-2", "main-query-scheduler-0"]


def test_two_processes_with_the_same_name_are_refused() -> None:
    declared = environment("local", ("agents", {"canary": {"kind": "promtail", "sources": ["application"]}}))

    with pytest.raises(
        PlacementError, match="two processes have the name canary-main: rename the agent or the cluster"
    ):
        render_local(declared, STATE, COMMANDS, {}, {})


def test_account_without_key_is_refused_on_azurite() -> None:
    declared = environment(
        "local",
        ("storage_accounts.main.account_key", None),
        ("storage_accounts.main.workload_identity_client_id", "00000000-0000-0000-0000-000000000000"),
    )

    with pytest.raises(
        ValueError, match=r"storage_accounts\.main: it has no account_key, and Azurite accepts only account keys"
    ):
        rendered(declared)


def secrets_of(declared: Environment) -> list[SecretRef]:
    return [account.account_key for account in declared.storage_accounts.values() if account.account_key]
