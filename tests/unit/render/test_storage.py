import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from logops.environment import Environment
from logops.render.storage import account_state, lifecycle_policy
from tests.support.environments import environment

RETENTION = {"hot": "30d", "then": "Cool", "keep": "90d"}
LOKIS_OWN = ("index", "__deletion_manifest__")

tenants = st.lists(
    st.from_regex(r"[A-Za-z0-9!_*'()-][A-Za-z0-9!_.*'()-]{0,12}", fullmatch=True).filter(lambda t: t not in LOKIS_OWN)
    | st.sampled_from(["app", "app-1", "app_1", "app.1", "indexes", "index-", "Index", "index.", "indexindex"]),
    min_size=1,
    max_size=8,
    unique=True,
)


def with_tenants(*names: str, **retention: Any) -> Environment:
    return environment(
        "production",
        ("sources", {}),
        ("agents", {}),
        ("clusters.main.canary", None),
        ("clusters.main.tenants", {name: {"retention": {**RETENTION, **retention}} for name in names}),
    )


def rules(declared: Environment, account: str = "monitoring") -> list[dict[str, Any]]:
    return list(lifecycle_policy(declared, account)["rules"])


def prefixes(declared: Environment) -> list[str]:
    return [prefix for rule in rules(declared) for prefix in rule["definition"]["filters"]["prefixMatch"]]


@given(tenants)
def test_derived_lifecycle_rules_never_match_loki_folders(names: list[str]) -> None:
    own = [f"loki-chunks/{folder}/x" for folder in LOKIS_OWN] + ["loki-chunks/loki_cluster_seed.json"]

    assert [blob for blob in own if blob.startswith(tuple(prefixes(with_tenants(*names))))] == []


@given(tenants)
def test_chunks_of_a_tenant_match_only_its_lifecycle_rule(names: list[str]) -> None:
    found = prefixes(with_tenants(*names))

    for name in names:
        chunk = f"loki-chunks/{name}/bd15146d26cb7768/1a206677295-1a206677296-a94a724d"
        assert [prefix for prefix in found if chunk.startswith(prefix)] == [f"loki-chunks/{name}/"]


@given(tenants)
def test_lifecycle_rule_names_are_unique_and_valid_in_azure(names: list[str]) -> None:
    named = [rule["name"] for rule in rules(with_tenants(*names))]

    assert len(set(named)) == len(named) == len(names) + 1
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,254}", name) for name in named)


@given(tenants)
def test_derived_lifecycle_rules_never_delete_or_archive_chunks(names: list[str]) -> None:
    actions = {
        action
        for rule in rules(with_tenants(*names))
        if rule["definition"]["filters"]["prefixMatch"][0].startswith("loki-chunks/")
        for action in rule["definition"]["actions"]["baseBlob"]
    }

    assert actions == {"tierToCool"}


def test_lifecycle_rule_has_the_format_of_azure_api() -> None:
    (own, derived) = rules(with_tenants("application"))

    assert derived == {
        "enabled": True,
        "name": "main-application-chunks",
        "type": "Lifecycle",
        "definition": {
            "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["loki-chunks/application/"]},
            "actions": {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 30}}},
        },
    }
    assert own["name"] == "system-logs"
    assert own["definition"]["actions"]["baseBlob"] == {
        "tierToCool": {"daysAfterModificationGreaterThan": 30},
        "tierToCold": {"daysAfterModificationGreaterThan": 90},
        "delete": {"daysAfterModificationGreaterThan": 400},
    }


def test_tenant_tier_can_be_cold_or_stay_hot() -> None:
    (_, cold) = rules(with_tenants("application", then="Cold"))

    assert cold["definition"]["actions"]["baseBlob"] == {"tierToCold": {"daysAfterModificationGreaterThan": 30}}
    assert [rule["name"] for rule in rules(with_tenants("application", then=None, keep="90d"))] == ["system-logs"]


def test_lifecycle_rule_name_does_not_depend_on_other_tenants() -> None:
    alone, together = ({rule["name"] for rule in rules(with_tenants(*names))} for names in (["a-b"], ["a-b", "a_b"]))

    assert alone < together


def test_lifecycle_rules_over_azure_limit_are_merged_ten_prefixes_each() -> None:
    names = [f"team{number:03}" for number in range(240)]
    many = with_tenants(*names)

    assert len(rules(many)) == 25
    assert max(len(rule["definition"]["filters"]["prefixMatch"]) for rule in rules(many)) == 10
    assert set(prefixes(many)) == {f"loki-chunks/{name}/" for name in names} | {"system-logs/logs/"}
    assert len({rule["name"] for rule in rules(many)}) == 25


def test_lifecycle_rules_belong_only_to_the_account_of_the_cluster() -> None:
    production = environment("production")

    assert {prefix.split("/")[0] for rule in rules(production, "security")
            for prefix in rule["definition"]["filters"]["prefixMatch"]} == {"security-logs"}  # fmt: skip


def test_account_state_has_sorted_containers() -> None:
    state = account_state(environment("production"), "monitoring")

    assert (state["account"], state["containers"]) == (
        "oversightmonitoring",
        ["logops-results", "loki-chunks", "loki-ruler", "system-logs"],
    )
