"""Errors of an Alertmanager."""

from logops.clients.http.request import Failure, FailureKind, Response
from logops.errors import LogopsError


class AlertmanagerError(LogopsError):
    """Alertmanager did not answer, or refused the request."""


def failed(failure: Failure) -> AlertmanagerError:
    """Return the error for a request without an answer."""
    doing = f"{failure.request.doing} at {failure.base_url}"
    match failure.kind:
        case FailureKind.CONNECT_TIMEOUT | FailureKind.READ_TIMEOUT:
            return AlertmanagerError(f"{doing}: no answer within the time allowed. Is the address right?")
        case FailureKind.CONNECTION:
            return AlertmanagerError(f"{doing}: {failure.detail}. Is Alertmanager running there?")
        case FailureKind.UNUSABLE:
            return AlertmanagerError(f"{doing}: {failure.detail}. Is this the address of an Alertmanager?")


def refused(response: Response) -> AlertmanagerError:
    """Return the error for an answer with an error status."""
    if response.status in (401, 403):
        return AlertmanagerError(
            f"{response.request.doing} at {response.base_url}: the login was refused ({response.status}). Correct "
            "`basic_auth` or `bearer_token` of this Alertmanager in the environment file, or the secret that it names."
        )
    words = response.first_words[:300] or "no reason"
    return AlertmanagerError(
        f"{response.request.doing} at {response.base_url}: Alertmanager answered {response.status}: {words}"
    )


def unexpected(response: Response, reason: str) -> AlertmanagerError:
    """Return the error for an answer that Alertmanager does not give."""
    return AlertmanagerError(
        f"{response.request.doing} at {response.base_url}: this is not what Alertmanager answers: {reason}. "
        "Is this the address of an Alertmanager?"
    )
