"""A client for one Alertmanager. Of a highly available pair, each replica needs its own."""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from logops.clients.alertmanager import answers, requests
from logops.clients.alertmanager.model import Alert, LiveAlert, Matcher, Silence
from logops.clients.http.auth import BasicAuth, BearerToken
from logops.clients.http.request import Outcome, Request
from logops.clients.http.retries import RetryPolicy
from logops.clients.http.transport import Transport

_ALERTS_PER_REQUEST = 500


class AlertmanagerClient:
    """The calls of Alertmanager's API v2 that logops uses. Every call raises AlertmanagerError."""

    def __init__(
        self,
        url: str,
        *,
        auth: BasicAuth | BearerToken | None = None,
        verify: bool = True,
        timeout_s: float = 10.0,
        retry_for_s: float = 10.0,
    ) -> None:
        """Does not connect yet. `retry_for_s=0` never retries, `verify=False` accepts any TLS certificate."""
        self._transport = Transport(
            url.rstrip("/"), auth=auth, verify=verify, connect_timeout_s=timeout_s, read_timeout_s=timeout_s
        )
        self._policy = RetryPolicy(retry_for_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    @property
    def url(self) -> str:
        return self._transport.base_url

    def send(self, alerts: Sequence[Alert]) -> None:
        """Send alerts, in requests of 500. One with an end in the past is resolved."""
        for first in range(0, len(alerts), _ALERTS_PER_REQUEST):
            answers.accepted(self._send(requests.post_alerts(alerts[first : first + _ALERTS_PER_REQUEST])))

    def alerts(self, matchers: Iterable[Matcher] = ()) -> list[LiveAlert]:
        """Return the unresolved alerts with these labels, silenced and inhibited ones included."""
        return answers.alerts(self._send(requests.alerts(matchers)))

    def silences(self, matchers: Iterable[Matcher] = ()) -> list[Silence]:
        """Return the silences with these matchers, expired ones included."""
        return answers.silences(self._send(requests.silences(matchers)))

    def set_silence(self, silence: Silence) -> str:
        """Add a silence, or change the one with its id. Return its id."""
        return answers.silence_id(self._send(requests.set_silence(silence)))

    def end_silence(self, silence_id: str) -> None:
        """End a silence now."""
        answers.accepted(self._send(requests.end_silence(silence_id)))

    def version(self) -> str:
        """Return the running version."""
        return answers.version(self._send(requests.status()))

    def configuration(self) -> str:
        """Return the running configuration as YAML, with all defaults. Alertmanager masks its secrets."""
        return answers.configuration(self._send(requests.status()))

    def _send(self, request: Request) -> Outcome:
        return self._transport.send_with_retries(request, self._policy)
