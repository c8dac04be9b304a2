"""The change of a storage account for people: the diff of each part, and the marks of a plan. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from logops.environment.storage import StorageAccount
from logops.findings.classes.rollout import CHANGE_REFUSED, ROLE_MISSING, TERRAFORM_FIRST
from logops.platforms.azure.account import Comparison, Difference
from logops.platforms.azure.consequences import consequences
from logops.platforms.kubernetes.plan.compare import changes
from logops.platforms.kubernetes.plan.lines import lines
from logops.platforms.preview import STORAGE_ACCOUNT, Mark, ObjectDiff, Preview
from logops.render.files import digest_of

_THEN = "Then plan again: `logops plan ENV`."


def subject(name: str, part: str = "") -> str:
    """Return the name of an account, or of a part of it, in a plan.

    name   its key in the environment file

    >>> subject("monitoring", "lifecycle")
    'StorageAccount monitoring/lifecycle'
    """
    return f"{STORAGE_ACCOUNT} {name}/{part}" if part else f"{STORAGE_ACCOUNT} {name}"


def account_preview(name: str, account: StorageAccount, comparison: Comparison) -> Preview:
    """Return what an apply changes at an account, and what must be known before.

    name   its key in the environment file
    """
    found = comparison.differences
    component = f"storage account {account.account_name}"
    if comparison.exists:
        diffs = [ObjectDiff(component, subject(name, each.part), "change", _lines([each])) for each in found]
    else:
        diffs = [ObjectDiff(component, subject(name), "add", _lines(found))]
    return Preview(
        diffs,
        [*_refusals(name, account, comparison), *consequences(subject(name), account, comparison)],
        base=digest_of(*(json.dumps([each.part, each.live], sort_keys=True) for each in found)),
        digest=digest_of(*(json.dumps([each.part, each.wanted], sort_keys=True) for each in found)),
    )


def _lines(found: Sequence[Difference]) -> tuple[str, ...]:
    before = {each.part: _by_name(each.live) for each in found if each.live is not None}
    after = {each.part: _by_name(each.wanted) for each in found if each.wanted is not None}
    return tuple(lines(STORAGE_ACCOUNT, changes(before, after)))


def _by_name(value: Any) -> Any:
    """Return a part whose rules are read by name: their order has no meaning."""
    if isinstance(value, dict) and "rules" in value:
        return {rule["name"]: {key: rule[key] for key in rule if key != "name"} for rule in value["rules"]}
    return value


def _refusals(name: str, account: StorageAccount, comparison: Comparison) -> Iterator[Mark]:
    about, title = subject(name), f"Storage account {account.account_name}"
    if account.managed_by == "terraform" and comparison.differences:
        parts = ", ".join(each.title for each in comparison.differences)
        yield Mark(TERRAFORM_FIRST, about, f"{title}: Terraform manages it, and these differ: {parts}.", "always")
    elif comparison.refusal:
        yield Mark(CHANGE_REFUSED, about, f"{title}: {comparison.refusal}", "always", _THEN)
    if comparison.missing_role:
        yield Mark(ROLE_MISSING, about, f"{title}: {comparison.missing_role}.", "always", _THEN)
