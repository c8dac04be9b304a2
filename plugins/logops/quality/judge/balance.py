"""Are all lines that agents sent received, and are all received lines stored?"""

from collections.abc import Iterator
from dataclasses import replace

from logops.findings import Finding, Subject
from logops.findings.classes.quality import LINES_LOST
from logops.number_text import count_text
from logops.quality.balance import ClusterBalance, TenantBalance, all_streams, has_whole_seconds
from logops.quality.context import Context, clock, show_command

BETWEEN = "between"
"""Key of the evidence: the two places between which lines were lost. Refused lines are subtracted already."""


def unreceived_lines(context: Context) -> Iterator[Finding]:
    """Yield the clusters whose distributors received fewer lines than the agents sent."""
    for balance in context.sent:
        if balance.is_short:
            yield Finding(
                LINES_LOST,
                Subject(context.environment.name, balance.cluster),
                f"Lines were lost between the agents and the distributors of cluster {balance.cluster}, "
                f"{_interval(balance)}: Loki acknowledged {balance.sent:,} lines to the agents, and the distributors "
                f"received {balance.received:,}. {_missing(balance, balance.sent)}",
                context.request.as_of,
                {
                    BETWEEN: "agent, distributor",
                    "sent": balance.sent,
                    "received": balance.received,
                    "lines": balance.missing,
                },
            )


def unstored_lines(context: Context) -> Iterator[Finding]:
    """Yield the tenants whose lines the distributors received, and that no query finds."""
    for balance in context.balances:
        if not balance.is_short:
            continue
        finding = Finding(
            LINES_LOST,
            Subject(context.environment.name, balance.cluster, balance.tenant),
            f"Lines of tenant {balance.tenant} were lost between the distributors and the store of cluster "
            f"{balance.cluster}, {_interval(balance)}: {_compared(balance)}{_equal_lines(context, balance)}",
            context.request.as_of,
            {
                BETWEEN: "distributor, store",
                "received": "unknown" if balance.received is None else balance.received,
                "refused": balance.refused,
                "stored": balance.stored,
                "vanished": balance.vanished,
                "lines": balance.missing,
                "lost_share": round(balance.missing / balance.base, 3),
            },
        )
        query = str(all_streams().count_over_time("1m").sum())
        start = min(balance.since, balance.vanished_from or balance.since)
        command = show_command(context.read_urls[balance.cluster], balance.tenant, query, start, context.request.as_of)
        yield replace(finding, remedy=f"{LINES_LOST.remedy} To see the lines of each minute: `{command}`")


def _compared(balance: TenantBalance) -> str:
    gone = ""
    if balance.vanished and balance.vanished_from and balance.vanished_to:
        times = f"their timestamps are from {clock(balance.vanished_from)} to {clock(balance.vanished_to)}"
        found = count_text(balance.found_before, "line")
        gone = f"{balance.vanished:,} of {found} that the run before found are gone; {times}."
    if balance.doubt or balance.received is None:
        return f"{gone} Newer lines could not be compared: {balance.doubt}."
    accepted = balance.received - balance.refused - balance.copies
    if balance.missing > max(accepted - balance.stored, 0):
        return gone
    details = f"{balance.refused:,} of them refused"
    details += f", at most {balance.copies:,} copies" if balance.copies else ""
    text = (
        f"the distributors received {balance.received:,} lines ({details}), and the store grew by {balance.stored:,}."
    )
    return f"{text} {_missing(balance, balance.received)}" + (f" {gone[:1].upper()}{gone[1:]}" if gone else "")


def _equal_lines(context: Context, balance: TenantBalance) -> str:
    """Return a hint at lines that Loki stores once, because nothing tells them apart."""
    if balance.vanished or not has_whole_seconds(context.environment, (balance.cluster, balance.tenant)):
        return ""
    return " Some sources have timestamps in whole seconds: Loki stores equal lines of one second once."


def _missing(balance: TenantBalance | ClusterBalance, base: int) -> str:
    share = f" ({balance.missing / base:.1%})" if base else ""
    return f"{count_text(balance.missing, 'line')}{share} {'is' if balance.missing == 1 else 'are'} missing."


def _interval(balance: TenantBalance | ClusterBalance) -> str:
    return f"from {clock(balance.since)} to {clock(balance.until)}"
