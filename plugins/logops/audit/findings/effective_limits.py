"""Compare the declared retention with the retention that Loki applies."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from logops.audit.policy.retention import FOR_EVER, StreamRule, TenantRules
from logops.audit.survey.loki_state import LokiState
from logops.findings import Finding, Subject
from logops.findings.classes.audit import RETENTION_NOT_EFFECTIVE


def not_effective(
    declared: Mapping[str, TenantRules], live: LokiState, environment: str, cluster: str, as_of: datetime
) -> Iterator[Finding]:
    """Yield one finding per tenant whose live rules differ from the declared ones.

    If no rules differ but a process could not read the overrides, yield one finding for the cluster.
    """
    refused = sorted(process for process, well in live.reloaded.items() if not well)
    any_differs = False
    for tenant, declared_rules in declared.items():
        have = live.limits.get(tenant)
        if have is None or _comparable(have) == _comparable(declared_rules):
            continue
        any_differs = True
        yield Finding(
            cls=RETENTION_NOT_EFFECTIVE,
            subject=Subject(environment=environment, cluster=cluster, tenant=tenant),
            message=f"Declared: {said(declared_rules)}. Loki applies: {said(have)}."
            + (f" {', '.join(refused)} could not read the overrides." if refused else ""),
            as_of=as_of,
            evidence={"declared": said(declared_rules), "live": said(have), "not_reloaded": ", ".join(refused)},
        )
    if refused and not any_differs:
        yield Finding(
            cls=RETENTION_NOT_EFFECTIVE,
            subject=Subject(environment=environment, cluster=cluster),
            message=f"{', '.join(refused)} could not read the tenants' overrides and keeps those it read before. What "
            "it applies is what is declared, until it starts again: then it will not start.",
            as_of=as_of,
            evidence={"not_reloaded": ", ".join(refused)},
        )


def said(rules: TenantRules) -> str:
    """
    >>> said(TenantRules(90 * 86_400_000, (StreamRule('{level="error"}', 120 * 86_400_000, 2),)))
    '90d, {level="error"} 120d (priority 2)'
    """
    streams = (f"{rule.selector} {_period(rule.period_ms)} (priority {rule.priority})" for rule in rules.streams)
    return ", ".join((_period(rules.period_ms), *streams))


def _period(period_ms: int) -> str:
    if period_ms <= FOR_EVER:
        return "for ever"
    days = period_ms / 86_400_000
    return f"{days:.0f}d" if days == int(days) else str(timedelta(milliseconds=period_ms))


def _comparable(rules: TenantRules) -> tuple[int, frozenset[tuple[object, int, int]]]:
    """Loki formats selectors differently: spaces and order do not matter."""
    return rules.period_ms, frozenset(map(_rule, rules.streams))


def _rule(rule: StreamRule) -> tuple[object, int, int]:
    return frozenset(rule.matchers), rule.period_ms, rule.priority
