"""Render what a storage account contains: containers, and the lifecycle policy in Azure's format."""

from logops.render.storage.account import account_state
from logops.render.storage.azure import azure_account_state
from logops.render.storage.joined_rules import MAX_PREFIXES, MAX_RULES, JoinedRule, join_rules
from logops.render.storage.lifecycle import lifecycle_policy, lifecycle_rules
from logops.render.storage.terraform import terraform_texts

__all__ = [
    "MAX_PREFIXES",
    "MAX_RULES",
    "JoinedRule",
    "account_state",
    "azure_account_state",
    "join_rules",
    "lifecycle_policy",
    "lifecycle_rules",
    "terraform_texts",
]
