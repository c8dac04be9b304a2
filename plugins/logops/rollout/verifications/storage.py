"""Storage: accounts are as declared. A blob is written, read, tiered and deleted in each container. Prometheus has
loaded its rules."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import yaml

from logops.clients.prometheus import LoadedRule, loaded_rules
from logops.number_text import count_text
from logops.platforms.platform import DeployablePlatform
from logops.rollout.verifications.verification import NotVerifiedError, Verification, wait_for

if TYPE_CHECKING:
    from logops.clients.blob_storage import ObjectStore

EVALUATED_WITHIN_S = 45.0
"""A new rule is evaluated after at most one interval (15 s)."""
_RULES = "storage/prometheus/rules/"

RuleName = tuple[str, str]
"""Group, and the name of the alert or of the recorded series."""


def verifications(platform: DeployablePlatform) -> Iterator[Verification]:
    if platform.environment.platform.kind == "kubernetes":
        yield Verification("storage-accounts-as-declared", "Azure", partial(_as_declared, platform))
    for name, account in platform.environment.storage_accounts.items():
        store = platform.object_store(name)
        for container in account.containers:
            yield Verification(
                "blob-written-read-tiered-deleted", f"{name}/{container}", partial(_probe, store, container)
            )
    if urls := platform.alerting_prometheus_urls():
        rules = declared_rules(platform.desired()["storage"])
        for url in urls:
            yield Verification("prometheus-rules-loaded", url, partial(_loaded, url, rules))


def declared_rules(files: Mapping[str, str]) -> set[RuleName]:
    """Return every rule of Prometheus in the files of the stage."""
    groups = [
        group for name, text in files.items() if name.startswith(_RULES) for group in yaml.safe_load(text)["groups"]
    ]
    return {(group["name"], rule.get("record") or rule["alert"]) for group in groups for rule in group["rules"]}


def rule_trouble(declared: set[RuleName], loaded: Sequence[LoadedRule]) -> str:
    """Return why Prometheus does not evaluate the declared rules; empty if it does."""
    names = {(rule.group, rule.name) for rule in loaded}
    if missing := declared - names:
        return f"Prometheus has not loaded {_text(missing)}"
    if other := names - declared:
        return f"Prometheus has other rules: {_text(other)}"
    if failed := [rule for rule in loaded if rule.error]:
        return "; ".join(f"{rule.name} failed: {rule.error}" for rule in failed)
    if waiting := {(rule.group, rule.name) for rule in loaded if rule.health == "unknown"}:
        return f"Prometheus has not evaluated {_text(waiting)}"
    return ""


def _probe(store: "ObjectStore", container: str) -> str:
    store.probe(container)
    return "written, read back, set to Cool, deleted"


def _as_declared(platform: DeployablePlatform) -> str:
    preview = platform.preview_accounts(platform.desired()["storage"])
    if problems := [mark.message for mark in preview.marks if mark.refuses != "no"]:
        raise NotVerifiedError(" ".join(problems))
    if preview.diffs:
        raise NotVerifiedError(f"not as declared: {', '.join(diff.object for diff in preview.diffs)}")
    return f"{count_text(len(platform.environment.storage_accounts), 'account')} as declared"


def _loaded(url: str, declared: set[RuleName]) -> str:
    problem = {"text": ""}

    def look() -> bool | None:
        problem["text"] = rule_trouble(declared, loaded_rules(url))
        return None if problem["text"] else True

    wait_for(look, lambda: problem["text"], EVALUATED_WITHIN_S)
    return f"{count_text(len(declared), 'rule')} evaluated, none failed"


def _text(rules: set[RuleName]) -> str:
    return ", ".join(sorted(name for _, name in rules))
