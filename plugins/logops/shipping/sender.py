"""Send batches to a target until every record was acknowledged or refused."""

import random
import struct
import threading
import time
from collections.abc import Callable, Sequence
from math import inf
from typing import Protocol

from logops.clients.http.retries import RetryPolicy, wait_s
from logops.shipping.answer import Answer, Verdict, judge, rejected_by_otlp
from logops.shipping.counters import Counters
from logops.shipping.target import Target, Wire
from logops.wire import Record
from logops.wire.otlp import encode_otlp
from logops.wire.push import encode_push

_RETRIES = RetryPolicy(retry_for_s=inf, first_wait_s=0.2, longest_wait_s=30.0)
_LONGEST_REQUESTED_S = 300.0
"""A Retry-After beyond this is a mistake of a proxy more often than a wish of Loki."""
_WAIT_AT_EXIT_S = 0.2
"""Longest wait between attempts while the process ends."""
_ATTEMPTS_BEFORE_PROBE = 2
_PROBE_LINE = (
    "logops.shipping tests the target with this line, because it answered 500 to other records of this stream."
)
_ENCODERS: dict[Wire, Callable[[Sequence[Record]], bytes]] = {Wire.PUSH: encode_push, Wire.OTLP: encode_otlp}


class Poster(Protocol):
    """Sends a request once."""

    def post(self, body: bytes, timeout_s: float) -> Answer: ...


class Deadline:
    """When the sender must end: never, until `set` is called."""

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._at_s = inf

    @property
    def is_set(self) -> bool:
        return self._is_set.is_set()

    @property
    def remaining_s(self) -> float:
        return self._at_s - time.monotonic()

    def set(self, timeout_s: float) -> None:
        self._at_s = time.monotonic() + timeout_s
        self._is_set.set()

    def sleep(self, seconds: float) -> None:
        """Sleep, but shortly after the deadline was set."""
        if self.is_set:
            time.sleep(max(0.0, min(seconds, _WAIT_AT_EXIT_S, self.remaining_s)))
        else:
            self._is_set.wait(seconds)


class Health:
    """Whether the target takes records. Says every change once."""

    def __init__(self, address: str, say: Callable[[str], None]) -> None:
        self._address = address
        self._say = say
        self._since_s: float | None = None
        self._said_refusal: bool | None = None
        self.refusal = ""
        """Why the target refuses this sender (password, tenant, address); empty if it does not."""

    def failed(self, answer: Answer, verdict: Verdict) -> None:
        """Note an attempt that is repeated."""
        is_refusal = verdict is Verdict.SENDER_REFUSED
        self.refusal = f"{answer.status} {answer.text}".strip() if is_refusal else ""
        if self._since_s is None:
            self._since_s = time.monotonic()
        if is_refusal is self._said_refusal:
            return
        self._said_refusal = is_refusal
        what = "no answer" if answer.status is None else f"status {answer.status}"
        advice = (
            "Check password or token, tenant and address. The records wait, and are tried again every 30 s."
            if is_refusal
            else "The records wait, and are sent again."
        )
        self._say(f"Shipping logs to {self._address}: {what}: {answer.text or 'empty answer'}. {advice}")

    def works(self) -> None:
        """Note an answer that says that the target works."""
        if self._since_s is not None:
            seconds = time.monotonic() - self._since_s
            self._say(f"Shipping logs to {self._address}: works again after {seconds:,.0f} s.")
        self._since_s = None
        self._said_refusal = None
        self.refusal = ""


class Sender:
    """Sends batches. For one thread."""

    def __init__(
        self, target: Target, poster: Poster, counters: Counters, deadline: Deadline, say: Callable[[str], None]
    ) -> None:
        """
        say   called with a message for people
        """
        self.health = Health(target.address, say)
        self.refusal = ""
        """Why the target refused the first record since the last report."""
        self._encode = _ENCODERS[target.wire]
        self._is_otlp = target.wire is Wire.OTLP
        self._poster = poster
        self._counters = counters
        self._deadline = deadline

    def send(self, records: Sequence[Record]) -> bool:
        """Send records in order. Return False if the deadline came first.

        A refused batch is split into halves until the refused record is alone. So it does not take others with it. The
        halves of a batch that Loki accepted in part are sent twice; Loki keeps one of two equal lines.
        """
        parts = [records]
        while parts:
            part = parts.pop()
            if not part:
                continue
            try:
                body = self._encode(part)
            except (ValueError, OverflowError, TypeError, struct.error) as error:
                answer, verdict = Answer(400, f"it cannot be encoded: {error}"), Verdict.LINES_REFUSED
            else:
                answer, verdict = self._send_until_final(body, part[0])
            if verdict is Verdict.TEMPORARY:
                return False
            if verdict is Verdict.DELIVERED:
                self._note_delivered(len(part), answer)
            elif len(part) == 1:
                self._note_refused(1, answer.text)
            else:
                half = len(part) // 2
                parts += [part[half:], part[:half]]
        return True

    def _send_until_final(self, body: bytes, first: Record) -> tuple[Answer, Verdict]:
        """Send a request until its answer is final. The verdict is TEMPORARY if the deadline came first.

        first   the first record of the request
        """
        started = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            answer = self._poster.post(body, self._deadline.remaining_s)
            verdict = judge(answer.status)
            if verdict in (Verdict.DELIVERED, Verdict.LINES_REFUSED):
                self.health.works()
                return answer, verdict
            self._counters.failed_attempts += 1
            if answer.status == 500 and attempt >= _ATTEMPTS_BEFORE_PROBE and self._takes_probe(first):
                self.health.works()
                # Once more: the outage may have ended just before the probe.
                answer = self._poster.post(body, self._deadline.remaining_s)
                if judge(answer.status) is Verdict.DELIVERED:
                    return answer, Verdict.DELIVERED
                if answer.status == 500:
                    return answer, Verdict.LINES_REFUSED
                continue
            self.health.failed(answer, verdict)
            requested_s = min(answer.retry_after_s or 0.0, _LONGEST_REQUESTED_S)
            if verdict is Verdict.SENDER_REFUSED:
                requested_s = _RETRIES.longest_wait_s
            wait = wait_s(
                _RETRIES,
                attempt=attempt,
                status=None,
                requested_s=requested_s,
                elapsed_s=time.monotonic() - started,
                jitter=random.random(),
            )
            self._deadline.sleep(wait or 0.0)
            if self._deadline.remaining_s <= 0:
                return answer, Verdict.TEMPORARY

    def _takes_probe(self, suspect: Record) -> bool:
        """Whether the target takes another record of the same stream.

        Loki answers 500 in an outage, and also to a record from before its first schema period. Only if it takes a
        probe, the record is at fault.
        """
        metadata = (("logger", "logops.shipping"),)
        probe = Record(time.time_ns(), _PROBE_LINE, suspect.labels, metadata)
        answer = self._poster.post(self._encode([probe]), self._deadline.remaining_s)
        return judge(answer.status) is Verdict.DELIVERED

    def _note_delivered(self, count: int, answer: Answer) -> None:
        rejected, reason = rejected_by_otlp(answer.body) if self._is_otlp else (0, "")
        rejected = min(rejected, count)
        self._counters.sent += count - rejected
        if rejected:
            self._note_refused(rejected, reason)

    def _note_refused(self, count: int, reason: str) -> None:
        self._counters.refused += count
        self.refusal = self.refusal or reason or "no reason given"
