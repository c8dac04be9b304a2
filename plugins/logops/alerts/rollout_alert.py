"""The alert that a rollout runs. It mutes alerts of Prometheus that a rollout may cause, and tells nobody itself.

A delivery leaves findings out by itself (`alerts.rollouts`), but Prometheus sends its alerts past logops. So
Alertmanager must know of the rollout: its rendered configuration has an inhibit rule for it.
"""

from collections.abc import Sequence
from datetime import datetime

from logops.alerts.from_finding import SENDER
from logops.alerts.last_delivery import INTERVAL
from logops.alerts.rollouts import MutingRollout
from logops.clients.alertmanager.model import Alert, LabelSet
from logops.findings.causes import ROLLOUT_RUNNING


def rollout_alert(environment: str, rollouts: Sequence[MutingRollout], now: datetime) -> dict[LabelSet, Alert]:
    """Return the alert while a rollout mutes, by its labels; empty: none does.

    It ends by itself with the mute. While the rollout runs, it lives at least until the next delivery but one.
    """
    if not rollouts:
        return {}
    until = max(rollout.until for rollout in rollouts)
    if any(rollout.is_running for rollout in rollouts):
        until = max(until, now + 2 * INTERVAL)
    first = min(rollouts, key=lambda rollout: rollout.began)
    labels = frozenset({SENDER, ("alertname", ROLLOUT_RUNNING), ("environment", environment), ("severity", "info")})
    verb = "runs since" if first.is_running else "began at"
    summary = (
        f"A rollout {verb} {first.began:%H:%M} UTC. Alerts of Prometheus that it may cause tell nobody until "
        f"{until:%H:%M} UTC."
    )
    return {labels: Alert(labels, {"summary": summary}, first.began, until)}
