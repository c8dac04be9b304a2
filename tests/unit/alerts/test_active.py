"""Active alerts, as a person reads them."""

from datetime import UTC, datetime, timedelta

from logops.alerts.active import active_alerts, headline
from logops.clients.alertmanager.model import LiveAlert, Silence

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def live(name: str, severity: str = "error", **fields: object) -> LiveAlert:
    return LiveAlert(frozenset({("alertname", name), ("severity", severity)}), {}, NOON, LATER, **fields)  # type: ignore[arg-type]


def test_alert_that_another_one_explains_names_it() -> None:
    cause = live("compaction-stalled", fingerprint="f1", receivers=("on-call",))
    consequence = live("delete-request-stuck", fingerprint="f2", inhibited_by=("f1",))

    told = {row.name: row.told for row in active_alerts([consequence, cause], {})}

    assert told == {
        "compaction-stalled": "on-call",
        "delete-request-stuck": "nobody: explained by compaction-stalled",
    }


def test_alert_that_a_rollout_may_cause_is_muted_and_the_rollout_is_no_row() -> None:
    labels = frozenset({("sender", "logops"), ("alertname", "rollout-running"), ("severity", "info")})
    rollout = LiveAlert(labels, {}, NOON, LATER, fingerprint="f1", receivers=("nobody",))
    consequence = live("process-down", fingerprint="f2", inhibited_by=("f1",))

    rows = active_alerts([consequence, rollout], {})

    assert [(row.name, row.told) for row in rows] == [("process-down", "nobody: a rollout may cause it")]
    assert headline(rows) == "1 muted by a rollout."


def test_headline_counts_explained_and_silenced_alerts_apart() -> None:
    silence = Silence((), NOON, LATER, "ada", "known", id="s1")
    alerts = [live("a"), live("b", inhibited_by=("f1",)), live("c", silenced_by=("s1",))]

    assert headline(active_alerts(alerts, {"s1": silence})) == "1 alert: 1 error; 1 silenced; 1 explained by others."
