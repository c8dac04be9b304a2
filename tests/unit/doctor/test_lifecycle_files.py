"""Lifecycle policies in JSON and in Terraform."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.doctor import DocumentError, read_texts
from logops.doctor.deployment import LifecycleRule
from tests.unit.doctor.files import found, policy, terraform

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


@pytest.mark.parametrize("above", [(), ("policy",), ("properties", "policy"), ("lifecycle",)])
def test_a_policy_is_found_where_azure_and_we_put_it(above: tuple[str, ...]) -> None:
    document: object = {"rules": [RULE]}
    for key in reversed(above):
        document = {key: document}

    assert only(json.dumps(document)).location.path == ".".join((*above, "rules[0]"))


def test_days_come_with_what_they_count_from() -> None:
    rule = only(json.dumps({"rules": [RULE]}))

    assert (rule.tiers["cool"].days, rule.tiers["cool"].since, rule.delete) == (7, "creation", None)


def test_terraform_and_json_say_the_same() -> None:
    json_rule, hcl_rule = only(policy(tierToCool=30)), only(terraform())

    assert [p for p, _ in json_rule.prefixes] == [p for p, _ in hcl_rule.prefixes]
    assert json_rule.tiers["cool"].days == hcl_rule.tiers["cool"].days == 30


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("= 30", "= var.cool_days", ".actions.base_blob.tier_to_cool_after_days_since_modification_greater_than"),
        ('["loki-chunks/application/"]', "local.prefixes", ".filters.prefix_match"),
        ('["loki-chunks/application/"]', '["${var.container}/"]', ".filters.prefix_match"),
        ('["loki-chunks/application/"]', "[for c in var.containers : c]", ".filters.prefix_match"),
    ],
)
def test_what_only_terraform_can_evaluate_is_said_to_be_unread(old: str, new: str, path: str) -> None:
    text = terraform().replace(old, new)

    assert found(text) == {("check-incomplete", f"azurerm_storage_management_policy.loki.rule[0]{path}")}


def test_expressions_comments_and_maps_elsewhere_do_no_harm() -> None:
    around = """
# resource "comment" "x" {
locals { tags = { a = 1, b = merge({}, {c = "}"}) } /* } */ }
resource "azurerm_storage_container" "loki_chunks" {
  name = lower("loki-chunks") // {
  for_each = toset(["a", "b"])
}
"""
    assert found(around + terraform()) == set()
    assert len(read_texts({"x.tf": around + terraform()}).lifecycle) == 1


def test_terraform_without_a_policy_says_so() -> None:
    assert found('resource "azurerm_storage_container" "x" {\n  name = "x"\n}') == {("check-incomplete", "")}


@pytest.mark.parametrize(
    "broken", [terraform() + "}", terraform().rstrip().removesuffix("}"), terraform() + "a {" * 60]
)
def test_braces_that_do_not_match_are_refused(broken: str) -> None:
    with pytest.raises(DocumentError):
        read_texts({"x.tf": broken})


@given(st.text(alphabet='{}[]="#/ \nab1$,', max_size=60))
def test_no_text_breaks_the_reader_but_by_its_own_error(inside: str) -> None:
    with suppress(DocumentError):
        read_texts({"x.tf": f'resource "azurerm_storage_management_policy" "x" {{\n{inside}\n}}'})
