"""Say what was lost since the last report. Pure."""

from logops.number_text import count_text
from logops.shipping.counters import Counters


def loss_text(address: str, before: Counters, now: Counters, refusal: str) -> str:
    """Return a message about losses since `before`; empty if nothing was lost.

    refusal   why the target refused the first record
    """
    parts = [
        f"{count_text(lost, 'record')} {what}"
        for name, what in _LOSSES.items()
        if (lost := getattr(now, name) - getattr(before, name))
    ]
    if not parts:
        return ""
    reason = f" First reason of the target: {refusal}." if now.refused > before.refused else ""
    return f"Shipping logs to {address}: {', '.join(parts)}.{reason} Since the start: {now.text()}."


_LOSSES = {
    "refused": "refused by the target",
    "dropped_newest": "dropped, because the buffer was full",
    "dropped_oldest": "deleted to make room for newer ones, because the buffer was full",
    "dropped_before": "dropped by earlier processes that were killed, because the buffer was full",
    "dropped_at_exit": "not sent before the process ended",
    "cut": "cut, because the line was too long",
}
