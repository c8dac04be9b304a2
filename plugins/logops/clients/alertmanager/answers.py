"""Decode the answers of Alertmanager's API v2. Pure. Every function raises AlertmanagerError."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from logops.clients.alertmanager.errors import failed, refused, unexpected
from logops.clients.alertmanager.model import LiveAlert, Matcher, Silence
from logops.clients.http.request import Failure, Outcome, Response

Decoded = TypeVar("Decoded")


def accepted(outcome: Outcome) -> Response:
    """Return the response if Alertmanager accepted the request."""
    if isinstance(outcome, Failure):
        raise failed(outcome)
    if not outcome.is_success:
        raise refused(outcome)
    return outcome


def alerts(outcome: Outcome) -> list[LiveAlert]:
    """Return the alerts of an answer."""
    return _decoded(outcome, lambda body: [_alert(item) for item in body])


def silences(outcome: Outcome) -> list[Silence]:
    """Return the silences of an answer."""
    return _decoded(outcome, lambda body: [_silence(item) for item in body])


def silence_id(outcome: Outcome) -> str:
    """Return the id of the silence that was set."""
    return _decoded(outcome, lambda body: str(body["silenceID"]))


def version(outcome: Outcome) -> str:
    """Return the running version."""
    return _decoded(outcome, lambda body: str(body["versionInfo"]["version"]))


def configuration(outcome: Outcome) -> str:
    """Return the running configuration as YAML."""
    return _decoded(outcome, lambda body: str(body["config"]["original"]))


def _decoded(outcome: Outcome, decode: Callable[[Any], Decoded]) -> Decoded:
    response = accepted(outcome)
    try:
        return decode(json.loads(response.body))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise unexpected(response, f"{type(error).__name__}: {error}"[:200]) from error


def _alert(item: dict[str, Any]) -> LiveAlert:
    status = item.get("status") or {}
    return LiveAlert(
        labels=frozenset((str(name), str(value)) for name, value in item["labels"].items()),
        annotations={str(name): str(value) for name, value in item["annotations"].items()},
        starts_at=datetime.fromisoformat(item["startsAt"]),
        ends_at=datetime.fromisoformat(item["endsAt"]),
        silenced_by=tuple(map(str, status.get("silencedBy") or ())),
        inhibited_by=tuple(map(str, status.get("inhibitedBy") or ())),
        receivers=tuple(str(receiver["name"]) for receiver in item.get("receivers") or ()),
        fingerprint=str(item.get("fingerprint", "")),
    )


def _silence(item: dict[str, Any]) -> Silence:
    return Silence(
        matchers=tuple(
            Matcher(str(part["name"]), str(part["value"]), bool(part["isRegex"]), bool(part.get("isEqual", True)))
            for part in item["matchers"]
        ),
        starts_at=datetime.fromisoformat(item["startsAt"]),
        ends_at=datetime.fromisoformat(item["endsAt"]),
        created_by=str(item["createdBy"]),
        comment=str(item["comment"]),
        id=str(item["id"]),
        state=str(item["status"]["state"]),
    )
