"""Tests of reading lifecycle policies in JSON and in Terraform."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.doctor import DocumentError, read_texts
from logops.doctor.deployment import LifecycleRule
from tests.unit.doctor.files import finding_paths, policy, terraform

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
