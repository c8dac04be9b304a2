"""The sender: what is sent again, what is split, what is counted."""

from collections.abc import Callable

import pytest

from logops.clients.http.auth import BearerToken
from logops.shipping.answer import Answer, Verdict, judge, rejected_by_otlp
from logops.shipping.counters import Counters
from logops.shipping.sender import Deadline, Sender
from logops.shipping.target import Target, Wire
from logops.wire import Record
from tests.support.log_receiver import decode_push

TARGET = Target("http://loki:3100")


class Server:
    """Answers requests without a network. Keeps the lines that it acknowledged."""

    def __init__(self, answer: Callable[[list[str]], Answer]) -> None:
        self.lines: list[str] = []
        self.requests = 0
        self._answer = answer

    def post(self, body: bytes, timeout_s: float) -> Answer:
        self.requests += 1
        lines = [record.line for record in decode_push(body)]
        answer = self._answer(lines)
        if answer.status == 204:
            self.lines += lines
        return answer


class NoSleep(Deadline):
    """A deadline whose sleeps take no time. It comes after some of them."""

    def __init__(self, sleeps: int = 1000) -> None:
        super().__init__()
        self.slept_s: list[float] = []
        self._sleeps = sleeps

    @property
    def remaining_s(self) -> float:
        return 10.0 if len(self.slept_s) < self._sleeps else 0.0

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)


def records(*lines: str) -> list[Record]:
    return [Record(number, line, (("service", "shop"),), ()) for number, line in enumerate(lines)]


def sender_to(server: Server, deadline: Deadline | None = None) -> tuple[Sender, Counters, list[str]]:
    messages: list[str] = []
    counters = Counters()
    return Sender(TARGET, server, counters, deadline or NoSleep(), messages.append), counters, messages


def refuse_bad(lines: list[str]) -> Answer:
    return Answer(400, "entry too far behind") if any("bad" in line for line in lines) else Answer(204, "")


def test_refused_line_does_not_lose_the_others() -> None:
    server = Server(refuse_bad)
    sender, counters, _ = sender_to(server)
    assert sender.send(records("a", "b", "bad", "c", "d"))
    assert server.lines == ["a", "b", "c", "d"]
    assert (counters.sent, counters.refused) == (4, 1)
    assert sender.refusal == "entry too far behind"


def test_record_that_cannot_be_encoded_does_not_lose_the_others() -> None:
    server = Server(refuse_bad)
    sender, counters, _ = sender_to(server)
    too_old = Record(-1, "before 1970", (("service", "shop"),), ())
    assert sender.send([*records("a"), too_old, *records("b")])
    assert server.lines == ["a", "b"]
    assert (counters.sent, counters.refused) == (2, 1)


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503, 507])
def test_temporary_failure_is_sent_again(status: int | None) -> None:
    answers = [Answer(status, "later"), Answer(204, "")]
    server = Server(lambda lines: answers.pop(0))
    sender, counters, _ = sender_to(server)
    assert sender.send(records("a"))
    assert server.lines == ["a"]
    assert (counters.sent, counters.failed_attempts) == (1, 1)


def test_record_that_loki_answers_with_500_does_not_stop_the_others() -> None:
    server = Server(lambda lines: Answer(500, "no schema config found") if "bad" in lines else Answer(204, ""))
    sender, counters, _ = sender_to(server)
    assert sender.send(records("a", "bad", "b"))
    assert [line for line in server.lines if len(line) == 1] == ["a", "b"]
    assert (counters.sent, counters.refused, sender.refusal) == (2, 1, "no schema config found")


@pytest.mark.parametrize("outage", range(1, 8))
def test_record_is_kept_while_loki_answers_500_to_everything(outage: int) -> None:
    server = Server(lambda lines: Answer(500, "too few ingesters") if server.requests <= outage else Answer(204, ""))
    sender, counters, _ = sender_to(server)
    assert sender.send(records("a"))
    assert (counters.sent, counters.refused) == (1, 0)


def test_retry_after_is_obeyed() -> None:
    answers = [Answer(429, "slow down", retry_after_s=17), Answer(204, "")]
    deadline = NoSleep()
    sender, _, _ = sender_to(Server(lambda lines: answers.pop(0)), deadline)
    sender.send(records("a"))
    assert deadline.slept_s == [17]


def test_retry_after_of_a_day_is_limited_to_minutes() -> None:
    answers = [Answer(503, "", retry_after_s=86_400), Answer(204, "")]
    deadline = NoSleep()
    sender, _, _ = sender_to(Server(lambda lines: answers.pop(0)), deadline)
    sender.send(records("a"))
    assert deadline.slept_s == [300]


def test_waits_between_attempts_grow_with_jitter() -> None:
    answers = [Answer(503, "")] * 6 + [Answer(204, "")]
    deadline = NoSleep()
    sender, _, _ = sender_to(Server(lambda lines: answers.pop(0)), deadline)
    sender.send(records("a"))
    highest = [0.2 * 2**number for number in range(6)]
    assert all(high / 2 <= slept <= high for slept, high in zip(deadline.slept_s, highest, strict=True))


def test_batch_is_given_back_when_the_deadline_comes() -> None:
    sender, counters, _ = sender_to(Server(lambda lines: Answer(503, "")), NoSleep(sleeps=3))
    assert not sender.send(records("a"))
    assert (counters.sent, counters.refused) == (0, 0)


def test_wrong_password_keeps_the_records_and_is_said_once() -> None:
    answers = [Answer(401, "no such user")] * 5 + [Answer(204, "")]
    server = Server(lambda lines: answers.pop(0))
    sender, counters, messages = sender_to(server)
    sender.send(records("a"))
    assert (server.lines, counters.refused) == (["a"], 0)
    assert messages[0] == (
        "Shipping logs to http://loki:3100/loki/api/v1/push: status 401: no such user. Check password or token, tenant "
        "and address. The records wait, and are tried again every 30 s."
    )
    assert [message.split(": ")[1][:11] for message in messages[1:]] == ["works again"]


def test_outage_is_said_once_and_its_end_once() -> None:
    answers = [Answer(None, "Connection refused"), Answer(503, "starting"), Answer(None, "reset"), Answer(204, "")]
    sender, _, messages = sender_to(Server(lambda lines: answers.pop(0)))
    sender.send(records("a"))
    failed, works = messages
    assert failed == (
        "Shipping logs to http://loki:3100/loki/api/v1/push: no answer: Connection refused. The records wait, and are "
        "sent again."
    )
    assert works.startswith("Shipping logs to http://loki:3100/loki/api/v1/push: works again after ")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (301, Verdict.SENDER_REFUSED),
        (400, Verdict.LINES_REFUSED),
        (403, Verdict.SENDER_REFUSED),
        (404, Verdict.SENDER_REFUSED),
        (413, Verdict.LINES_REFUSED),
    ],
)
def test_status_gives_verdict(status: int, verdict: Verdict) -> None:
    assert judge(status) is verdict


def test_records_rejected_by_an_otlp_target_are_counted_although_it_answers_200() -> None:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

    response = ExportLogsServiceResponse()
    response.partial_success.rejected_log_records = 300
    response.partial_success.error_message = "too old"
    assert rejected_by_otlp(response.SerializeToString()) == (300, "too old")


@pytest.mark.parametrize("body", [b"", b"{}", b"\x0a", b"\xff\xff", b"\x0a\x05\x08"])
def test_answer_that_is_no_otlp_rejects_nothing(body: bytes) -> None:
    assert rejected_by_otlp(body)[0] == 0


def test_target_never_shows_its_token() -> None:
    target = Target("http://loki:3100", Wire.OTLP, "shop", BearerToken("s3cret"))
    assert "s3cret" not in repr(target)
    assert target.headers["Authorization"] == "Bearer s3cret"
