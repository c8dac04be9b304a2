"""Tests of reading lifecycle policies in JSON and in Terraform."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.doctor import DocumentError, check, read_texts
from logops.doctor.deployment import LifecycleRule
from tests.unit.doctor.files import NOW, PROMISE, finding_paths, policy, terraform

RULE = {
    "name": "chunks",
    "definition": {
        "filters": {"prefixMatch": ["a/b"]},
        "actions": {"baseBlob": {"tierToCool": {"daysAfterCreationGreaterThan": 7}, "delete": {"daysAfterX": 1}}},
    },
}


def only(text: str) -> LifecycleRule:
    (rule,) = read_texts({"policy": text}).lifecycle
    return rule


def values_of(rule: LifecycleRule) -> dict[str, object]:
    """Return every value of a rule, without locations and the resource type, which differ between formats."""
    return {
        "name": rule.name,
        "enabled": rule.enabled,
        "account": rule.account,
        "prefixes": [prefix for prefix, _ in rule.prefixes],
        "tiers": {tier: (action.days, action.since) for tier, action in rule.tiers.items()},
        "delete": rule.delete and (rule.delete.days, rule.delete.since),
    }


@pytest.mark.parametrize("above", [(), ("policy",), ("properties", "policy"), ("lifecycle",)])
def test_policy_rules_are_read_at_every_known_path(above: tuple[str, ...]) -> None:
    document: object = {"rules": [RULE]}
    for key in reversed(above):
        document = {key: document}

    assert only(json.dumps(document)).location.path == ".".join((*above, "rules[0]"))


def test_lifecycle_action_has_the_event_from_which_days_are_counted() -> None:
    rule = only(json.dumps({"rules": [RULE]}))

    assert (rule.tiers["cool"].days, rule.tiers["cool"].since, rule.delete) == (7, "creation", None)


def test_terraform_and_json_give_the_same_rules() -> None:
    json_policy = policy(tierToCool=30, tierToCold=60, tierToArchive=90, delete=120)
    actions = "".join(
        f"        {action}_after_days_since_modification_greater_than = {days}\n"
        for action, days in (("tier_to_cold", 60), ("tier_to_archive", 90), ("delete", 120))
    )
    hcl_policy = terraform().replace("      base_blob {\n", f"      base_blob {{\n{actions}")

    values = values_of(only(json_policy))
    assert values == values_of(only(hcl_policy))
    assert values["tiers"] == {
        "cool": (30, "modification"),
        "cold": (60, "modification"),
        "archive": (90, "modification"),
    }
    assert values["delete"] == (120, "modification")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("= 30", "= var.cool_days", ".actions.base_blob.tier_to_cool_after_days_since_modification_greater_than"),
        ('["loki-chunks/application/"]', "local.prefixes", ".filters.prefix_match"),
        ('["loki-chunks/application/"]', '["${var.container}/"]', ".filters.prefix_match"),
        ('["loki-chunks/application/"]', "[for c in var.containers : c]", ".filters.prefix_match"),
    ],
)
def test_terraform_expression_is_reported_as_not_checked(old: str, new: str, path: str) -> None:
    text = terraform().replace(old, new)

    assert finding_paths(text) == {("check-incomplete", f"azurerm_storage_management_policy.loki.rule[0]{path}")}


def test_terraform_expressions_outside_of_rules_are_ignored() -> None:
    around = """
# resource "comment" "x" {
locals { tags = { a = 1, b = merge({}, {c = "}"}) } /* } */ }
resource "azurerm_storage_container" "loki_chunks" {
  name = lower("loki-chunks") // {
  for_each = toset(["a", "b"])
}
"""
    assert finding_paths(around + terraform()) == set()
    assert len(read_texts({"x.tf": around + terraform()}).lifecycle) == 1


def test_terraform_without_policy_is_reported_as_not_checked() -> None:
    assert finding_paths('resource "azurerm_storage_container" "x" {\n  name = "x"\n}') == {("check-incomplete", "")}


@pytest.mark.parametrize(
    "broken", [terraform() + "}", terraform().rstrip().removesuffix("}"), terraform() + "a {" * 60]
)
def test_terraform_with_unbalanced_braces_is_refused(broken: str) -> None:
    with pytest.raises(DocumentError):
        read_texts({"x.tf": broken})


@given(st.text(alphabet='{}[]="#/ \nab1$,', max_size=60))
def test_terraform_reader_raises_only_document_error(inside: str) -> None:
    with suppress(DocumentError):
        read_texts({"x.tf": f'resource "azurerm_storage_management_policy" "x" {{\n{inside}\n}}'})


AZAPI = """
resource "azapi_resource" "policy" {
  type = "Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01"
  body = BODY
}
"""
AZAPI_BODY = """{
    properties = { "policy" = { rules = [
      { name = "chunks", enabled = true, definition = {
          filters = { blobTypes = ["blockBlob"], prefixMatch = ["loki-chunks/application/"] }
          actions = { baseBlob = { tierToCool = { daysAfterModificationGreaterThan = 30 } } }
      } }
    ] } }
  }"""


@pytest.mark.parametrize("body", [AZAPI_BODY, f"jsonencode({AZAPI_BODY})"], ids=["object", "jsonencode"])
def test_azapi_policy_is_read_like_the_json_of_the_management_api(body: str) -> None:
    assert values_of(only(AZAPI.replace("BODY", body))) == values_of(only(policy(tierToCool=30)))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (AZAPI_BODY, "local.policy", ""),
        (AZAPI_BODY, 'file("policy.json")', ""),
        ("= 30", "= var.days", ".actions.baseBlob.tierToCool.daysAfterModificationGreaterThan"),
        ("= 30", "= 30 + var.days", ".actions.baseBlob.tierToCool.daysAfterModificationGreaterThan"),
        ('["loki-chunks/application/"]', "[for t in var.tenants : t]", ".filters.prefixMatch"),
        ('["loki-chunks/application/"]', "concat(var.a, [])", ".filters.prefixMatch"),
    ],
)
def test_azapi_expression_is_reported_as_not_checked(old: str, new: str, path: str) -> None:
    rule = ".properties.policy.rules[0].definition" if path else ""
    text = AZAPI.replace("BODY", AZAPI_BODY).replace(old, new)

    assert finding_paths(text) == {("check-incomplete", f"azapi_resource.policy.body{rule}{path}")}


def test_finding_in_an_azapi_policy_has_the_line_of_the_days() -> None:
    text = AZAPI.replace("BODY", AZAPI_BODY).replace("= 30", "= 3")
    (finding,) = check(read_texts({"x.tf": text}, PROMISE), NOW)

    assert finding.cls.name == "lifecycle-cools-early"
    assert text.splitlines()[int(finding.evidence["line"]) - 1].strip().startswith("actions")


POLICY_RESOURCE = {
    "type": "Microsoft.Storage/storageAccounts/managementPolicies",
    "properties": {"policy": {"rules": [RULE]}},
}


@pytest.mark.parametrize(
    ("resources", "path"),
    [
        ([POLICY_RESOURCE], "resources[0]"),
        ({"policy": POLICY_RESOURCE}, "resources.policy"),
        (
            [
                {
                    "type": "Microsoft.Storage/storageAccounts",
                    "resources": [{**POLICY_RESOURCE, "type": "managementPolicies"}],
                }
            ],
            "resources[0].resources[0]",
        ),
    ],
    ids=["list", "symbolic names", "below the account"],
)
def test_policy_in_an_arm_template_is_read(resources: object, path: str) -> None:
    rule = only(json.dumps({"$schema": "https://schema.management.azure.com/x", "resources": resources}))

    assert rule.location.path == f"{path}.properties.policy.rules[0]"


def test_expression_in_an_arm_template_is_reported_as_not_checked() -> None:
    rule = {**RULE, "definition": {**RULE["definition"], "filters": {"prefixMatch": ["[parameters('prefix')]"]}}}  # type: ignore[dict-item]
    resource = {**POLICY_RESOURCE, "properties": {"policy": {"rules": [rule]}}}
    unread = {**POLICY_RESOURCE, "properties": {"policy": "[variables('policy')]"}}

    assert finding_paths(json.dumps({"resources": [resource, unread]})) == {
        ("check-incomplete", "resources[0].properties.policy.rules[0].definition.filters.prefixMatch"),
        ("check-incomplete", "resources[1].properties"),
    }


def test_policy_without_loki_is_compared_with_the_promise() -> None:
    assert finding_paths(policy(tierToArchive=89, delete=89)) >= {
        ("lifecycle-deletes-early", "rules[0].definition.actions.baseBlob.delete.daysAfterModificationGreaterThan"),
        (
            "lifecycle-archives-live",
            "rules[0].definition.actions.baseBlob.tierToArchive.daysAfterModificationGreaterThan",
        ),
    }
    assert "lifecycle-deletes-early" not in {cls for cls, _ in finding_paths(policy(delete=90))}


def test_policy_without_loki_and_without_a_promise_is_reported_as_not_checked() -> None:
    (finding,) = check(read_texts({"policy.json": policy(delete=30)}), NOW)

    assert finding.message == (
        "the lifecycle policy was not compared with a retention: neither Loki's configuration nor --keep was given"
    )
