"""Render storage accounts for teams that apply them with Terraform: a root module in Terraform's JSON syntax.

It uses the module of include/terraform, which is rendered beside it. Format: JSON configuration syntax, in
developer.hashicorp.com/terraform/language.
"""

import json
from typing import Any

from logops.environment.model import Environment
from logops.environment.storage import StorageAccount
from logops.render.storage.azure import azure_account_state
from logops.render.storage.joined_rules import JoinedRule, join_rules
from logops.render.storage.lifecycle import lifecycle_rules

_FOLDER = "storage/terraform"
_AGES = {
    "tierToCool": "cool_after",
    "tierToCold": "cold_after",
    "tierToArchive": "archive_after",
    "delete": "delete_after",
}


def terraform_texts(environment: Environment, module: str) -> dict[str, str]:
    """Return the root module and the module that it uses; none if Terraform manages no account.

    module   text of include/terraform/storage-account/main.tf
    """
    managed = [name for name, account in environment.storage_accounts.items() if account.managed_by == "terraform"]
    if not managed:
        return {}
    root = {
        "//": f"Rendered by logops from the environment {environment.name!r}. Change the environment file instead.",
        "module": {name: _literal(_arguments(environment, name)) for name in managed},
    }
    return {
        f"{_FOLDER}/main.tf.json": json.dumps(root, indent=2) + "\n",
        f"{_FOLDER}/storage-account/main.tf": module,
    }


def _arguments(environment: Environment, name: str) -> dict[str, Any]:
    account = environment.storage_accounts[name]
    # The same values as those that logops compares the account with.
    state = azure_account_state(environment, name)
    inventory = state["inventory"]
    return {
        "source": "./storage-account",
        "name": account.account_name,
        "resource_group_name": str(account.resource_id).split("/")[4],
        "location": account.location,
        "replication": state["settings"]["sku"].removeprefix("Standard_"),
        "takes_keys": state["settings"]["allowSharedKeyAccess"],
        "versioning": account.versioning,
        "soft_delete_days": account.soft_delete_days,
        "network": _network(account),
        "containers": state["containers"],
        "lifecycle_rules": [_rule(rule) for rule in join_rules(lifecycle_rules(environment, name))],
        "inventory": inventory
        and {
            "rule": inventory["name"],
            "container": inventory["destination"],
            "columns": inventory["definition"]["schemaFields"],
        },
        "diagnostics": account.diagnostics,
        "principal_id": account.principal_id,
    }


def _network(account: StorageAccount) -> dict[str, list[str]] | None:
    if account.network is None:
        return None
    return {"subnets": list(account.network.subnets), "addresses": list(account.network.addresses)}


def _rule(rule: JoinedRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "prefixes": list(rule.prefixes),
        **{_AGES[action]: days for action, days in rule.actions},
    }


def _literal(value: Any) -> Any:
    """Return a value in which Terraform finds no templates.

    >>> _literal({"prefixes": ["logs/${day}"]})
    {'prefixes': ['logs/$${day}']}
    """
    match value:
        case str():
            return value.replace("${", "$${").replace("%{", "%%{")
        case dict():
            return {key: _literal(inner) for key, inner in value.items()}
        case list():
            return [_literal(inner) for inner in value]
        case _:
            return value
