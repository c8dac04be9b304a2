"""Rules for a lifecycle policy that is given without Loki's configuration: only the promise can judge it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from logops.doctor.deployment import Deployment, LifecycleAction, LifecycleRule, RetentionPromise
from logops.doctor.quantities import days
from logops.doctor.rules.rule import RuleFinding
from logops.findings import FindingClass
from logops.findings.classes import doctor as classes
from logops.findings.classes.rollout import CHECK_INCOMPLETE


def lifecycle_against_promise(deployment: Deployment, as_of: datetime) -> Iterator[RuleFinding]:
    """Report rules that delete, archive or cool blobs before the promise ends.

    Every rule is judged, because only Loki's configuration names the containers with chunks. Without a promise too,
    report that nothing was judged.
    """
    if deployment.clusters or deployment.environment or not deployment.lifecycle:
        return
    if deployment.promise is None:
        location = min(rule.location for rule in deployment.lifecycle)
        yield RuleFinding(
            CHECK_INCOMPLETE,
            location,
            "the lifecycle policy was not compared with a retention: neither Loki's configuration nor --keep was given",
            remedy="Give Loki's configuration too, or add --keep with the promised retention, for example --keep 90d.",
        )
        return
    for rule in deployment.lifecycle:
        yield from _against(rule, deployment.promise)


def _against(rule: LifecycleRule, promise: RetentionPromise) -> Iterator[RuleFinding]:
    keep, archive = promise.keep, rule.tiers.get("archive")
    if rule.delete and timedelta(days=rule.delete.days) < keep:
        yield _early(classes.LIFECYCLE_DELETES_EARLY, rule, rule.delete, keep, "deletes blobs", "are promised")
    if archive and timedelta(days=archive.days) < keep:
        yield _early(classes.LIFECYCLE_ARCHIVES_LIVE, rule, archive, keep, "archives blobs", "are promised")
    first = min(rule.tiers.values(), key=lambda tier: tier.days, default=None)
    if promise.hot and first and timedelta(days=first.days) < promise.hot:
        until = "in Hot are promised"
        yield _early(classes.LIFECYCLE_COOLS_EARLY, rule, first, promise.hot, "moves blobs out of Hot", until)
    if not rule.prefixes and (rule.tiers or rule.delete):
        message = f"lifecycle rule {rule.name} applies to the complete account, also to Loki's index if it is there"
        remedy = "Write one prefix for each tenant: CONTAINER/TENANT/."
        yield RuleFinding(classes.LIFECYCLE_TOUCHES_INDEX, rule.location, message, source=rule.name, remedy=remedy)


def _early(
    cls: FindingClass, rule: LifecycleRule, action: LifecycleAction, until: timedelta, does: str, promised: str
) -> RuleFinding:
    return RuleFinding(
        cls,
        action.location,
        f"lifecycle rule {rule.name} {does} after {action.days:g} days, but {days(until):g} days {promised}",
        source=rule.name,
        evidence={"rule_days": action.days, "needed_days": days(until)},
    )
