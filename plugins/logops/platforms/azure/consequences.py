"""What a change of a storage account deletes, ends or costs: the marks of a plan that need no other account. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logops.environment.storage import StorageAccount
from logops.findings.classes.rollout import DATA_DELETED, RESTORE_SHORTER, STORAGE_ACCESS, STORAGE_COST
from logops.platforms.azure.account import Comparison
from logops.platforms.preview import Mark

_DELETE = "delete"
_DAYS = "daysAfterModificationGreaterThan"


def consequences(subject: str, account: StorageAccount, comparison: Comparison) -> Iterator[Mark]:
    """Yield the marks of a change. An account that does not exist has nothing to lose: only its cost is marked.

    subject   the account in the plan
    """
    title = f"Storage account {account.account_name}"
    live = {each.part: each.live for each in comparison.differences}
    wanted = {each.part: each.wanted for each in comparison.differences}
    if comparison.exists:
        for sentence in _deletions(live, wanted):
            yield Mark(
                DATA_DELETED,
                subject,
                f"{title}: {sentence}",
                "until accepted",
                "Check that nobody needs these blobs. Then accept this class with a reason.",
            )
        for sentence in _restore(live, wanted):
            yield Mark(RESTORE_SHORTER, subject, f"{title}: {sentence}")
        for sentence in _access(live, wanted):
            yield Mark(STORAGE_ACCESS, subject, f"{title}: {sentence}")
    elif wanted:
        yield Mark(STORAGE_COST, subject, f"{title} is created in {account.location}, {wanted['settings']['sku']}.")
    for sentence in _costs(live, wanted):
        yield Mark(STORAGE_COST, subject, f"{title}: {sentence}")


def _deletions(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield the prefixes whose blobs are deleted earlier than now."""
    if "lifecycle" not in wanted:
        return
    before = _ages(live["lifecycle"]["rules"], _DELETE)
    for prefix, days in _ages(wanted["lifecycle"]["rules"], _DELETE).items():
        known = [age for other, age in before.items() if prefix.startswith(other)]
        if not known:
            now = "not all of them are" if any(other.startswith(prefix) for other in before) else "they are kept"
            yield f"blobs below {prefix} are deleted {days} days after their last change. Now {now}."
        elif days < min(known):
            yield f"blobs below {prefix} are deleted {days} days after their last change. Now it is {min(known)} days."


def _restore(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    if "blob_service" not in wanted:
        return
    before, after = live["blob_service"], wanted["blob_service"]
    for policy, noun in (("deleteRetentionPolicy", "blobs"), ("containerDeleteRetentionPolicy", "containers")):
        now, then = (_kept_days(state[policy]) for state in (before, after))
        if then < now:
            how_long = f"for {then} days" if then else "not at all"
            yield f"deleted {noun} can be restored {how_long}. Now it is {now} days."
    if before["isVersioningEnabled"] and not after["isVersioningEnabled"]:
        yield "earlier content of changed blobs is not kept any more."


def _access(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    if "settings" not in wanted:
        return
    before, after = live["settings"], wanted["settings"]
    if before["allowSharedKeyAccess"] is not False and not after["allowSharedKeyAccess"]:
        yield "its keys are refused from then on. Whoever logs in with a key or a signature loses access."
    old, new = before["networkAcls"], after["networkAcls"]
    if new["defaultAction"] == "Allow":
        if old["defaultAction"] == "Deny":
            yield "every address may connect. Now only those in its network rules may."
        return
    if old["defaultAction"] != "Deny":
        yield f"only these may connect: {', '.join([*new['virtualNetworkRules'], *new['ipRules']]) or 'nobody'}."
        return
    gone = [*_gone(old, new, "virtualNetworkRules"), *_gone(old, new, "ipRules")]
    if gone:
        yield f"these may not connect any more: {', '.join(gone)}."


def _costs(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    after = wanted.get("blob_service")
    if after:
        before = live["blob_service"] or {}
        if (days := _kept_days(after["deleteRetentionPolicy"])) > _kept_days(before.get("deleteRetentionPolicy")):
            yield f"deleted blobs cost as before for {days} days."
        if after["isVersioningEnabled"] and not before.get("isVersioningEnabled"):
            yield "earlier content of changed blobs is kept, and costs as much as the blobs."
    if wanted.get("inventory"):
        yield "Azure charges the inventory by the number of listed blobs."
    if wanted.get("diagnostics"):
        yield "each read, write and delete becomes a record in the Log Analytics workspace, which charges by size."
    if wanted.get("lifecycle"):
        for action in ("tierToCool", "tierToCold", "tierToArchive"):
            before_ages = _ages((live["lifecycle"] or {"rules": []})["rules"], action)
            ages = _ages(wanted["lifecycle"]["rules"], action)
            moved = [prefix for prefix, days in ages.items() if before_ages.get(prefix, days + 1) > days]
            if moved:
                tier = action.removeprefix("tierTo")
                yield f"Azure charges a write for each blob that it moves to {tier}: {', '.join(moved)}."


def _ages(rules: Sequence[Mapping[str, Any]], action: str) -> dict[str, int]:
    """Return after how many days the enabled rules carry out an action, by prefix. An empty prefix is every blob."""
    ages: dict[str, int] = {}
    for rule in rules:
        definition = rule["definition"]
        days = definition["actions"].get("baseBlob", {}).get(action, {}).get(_DAYS)
        if days is not None and rule.get("enabled", True):
            for prefix in definition.get("filters", {}).get("prefixMatch") or [""]:
                ages[prefix] = min(int(days), ages.get(prefix, int(days)))
    return ages


def _kept_days(policy: Mapping[str, Any] | None) -> int:
    return int(policy.get("days", 0)) if policy and policy.get("enabled") else 0


def _gone(old: Mapping[str, Any], new: Mapping[str, Any], kind: str) -> list[str]:
    return [each for each in old[kind] if each not in new[kind]]
