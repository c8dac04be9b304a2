"""Compare the alerts that should be active with those that an Alertmanager has. Pure.

logops keeps no list of what it has sent. What an Alertmanager has is the truth: one that was restarted gets everything
again, and an alert whose labels changed is resolved under its old labels.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from logops.clients.alertmanager.model import Alert, LabelSet, LiveAlert


def to_send(desired: Mapping[LabelSet, Alert], live: Iterable[LiveAlert], now: datetime) -> tuple[Alert, ...]:
    """Return the alerts to send: all that should be active, and the end of each other one.

    live   the alerts of logops in this environment that the Alertmanager has
    """
    gone = (alert for alert in live if alert.labels not in desired)
    return (
        *desired.values(),
        *(Alert(alert.labels, alert.annotations, alert.starts_at, now) for alert in gone),
    )
