"""Send single alerts to every Alertmanager of an audience."""

from collections.abc import Sequence

from logops.alerts.alertmanager import open_alertmanager
from logops.clients.alertmanager.errors import AlertmanagerError
from logops.clients.alertmanager.model import Alert
from logops.environment.cluster import Data
from logops.platforms.platform import ReadablePlatform


def send_to_all(platform: ReadablePlatform, audience: Data, alerts: Sequence[Alert], retry_for_s: float) -> list[str]:
    """Send alerts to every replica. Return the addresses that accepted them.

    Raises AlertmanagerError if none did.
    """
    accepted, problems = [], []
    for url in platform.alertmanager_urls(audience):
        try:
            with open_alertmanager(platform.environment, audience, url, retry_for_s=retry_for_s) as client:
                client.send(alerts)
            accepted.append(url)
        except AlertmanagerError as error:
            problems.append(str(error))
    if not accepted:
        reason = " ".join(problems) or f"alerts.{audience}.urls names no Alertmanager."
        raise AlertmanagerError(f"sending alerts of {platform.environment.name}: nobody was told. {reason}")
    return accepted
