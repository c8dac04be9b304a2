"""Tell whom an Alertmanager will tell about an alert, by the routes of the environment. Pure.

It decides as Alertmanager does with the rendered configuration (`render.alertmanager`): a test asks both.
"""

from collections.abc import Mapping

from logops.environment.alerts import Alertmanager, Route
from logops.findings.causes import ROLLOUT_RUNNING


def receiver_of(alertmanager: Alertmanager, labels: Mapping[str, str]) -> str | None:
    """Return the receiver of an alert with these labels; None: nobody is told."""
    if labels.get("alertname") == ROLLOUT_RUNNING:
        return None
    return next((route.receiver for route in alertmanager.routes if _fits(route, labels)), alertmanager.receiver)


def _fits(route: Route, labels: Mapping[str, str]) -> bool:
    conditions = (("severity", route.severities), ("team", route.teams), ("alertname", route.classes))
    return all(labels.get(label) in values for label, values in conditions if values)
