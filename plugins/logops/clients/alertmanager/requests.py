"""Build the requests of Alertmanager's API v2. Pure."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from logops.clients.alertmanager.model import Alert, Matcher, Silence
from logops.clients.http.request import Request, params
from logops.number_text import count_text

_JSON = (("Content-Type", "application/json"),)


def post_alerts(alerts: Sequence[Alert]) -> Request:
    """Return the request that sends alerts. Sending one again changes its end and its annotations."""
    body = [
        {
            "labels": dict(sorted(alert.labels)),
            "annotations": dict(alert.annotations),
            "startsAt": _time(alert.starts_at),
            "endsAt": _time(alert.ends_at),
            **({"generatorURL": alert.source} if alert.source else {}),
        }
        for alert in alerts
    ]
    return Request(
        f"sending {count_text(len(alerts), 'alert')}",
        "/api/v2/alerts",
        method="POST",
        headers=_JSON,
        body=json.dumps(body).encode(),
    )


def alerts(matchers: Iterable[Matcher] = ()) -> Request:
    """Return the request for the unresolved alerts with these labels, silenced and inhibited ones included."""
    return Request("listing alerts", "/api/v2/alerts", params=params({"filter": [*map(str, matchers)]}))


def silences(matchers: Iterable[Matcher] = ()) -> Request:
    """Return the request for the silences with these matchers, expired ones included."""
    return Request("listing silences", "/api/v2/silences", params=params({"filter": [*map(str, matchers)]}))


def set_silence(silence: Silence) -> Request:
    """Return the request that adds a silence, or changes the one with its id."""
    body = {
        "matchers": [
            {"name": matcher.name, "value": matcher.value, "isRegex": matcher.is_regex, "isEqual": matcher.is_equal}
            for matcher in silence.matchers
        ],
        "startsAt": _time(silence.starts_at),
        "endsAt": _time(silence.ends_at),
        "createdBy": silence.created_by,
        "comment": silence.comment,
        **({"id": silence.id} if silence.id else {}),
    }
    return Request(
        "silencing alerts",
        "/api/v2/silences",
        method="POST",
        headers=_JSON,
        body=json.dumps(body).encode(),
        # A repeated request would add a second silence.
        idempotent=bool(silence.id),
    )


def end_silence(silence_id: str) -> Request:
    """Return the request that ends a silence now."""
    return Request(f"ending silence {silence_id}", f"/api/v2/silence/{silence_id}", method="DELETE")


def status() -> Request:
    """Return the request for the version and the configuration."""
    return Request("reading the status", "/api/v2/status")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
