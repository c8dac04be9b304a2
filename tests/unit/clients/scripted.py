"""A scripted Loki that replaces the network: the test writes its answers."""

from dataclasses import dataclass, field

import requests

Answer = requests.Response | requests.RequestException


@dataclass
class Script:
    """Answers to send in order, and the requests that were received. The last answer is repeated."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[requests.PreparedRequest] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def say(self, status: int = 200, body: bytes | str = b"", kind: str = "application/json", **headers: str) -> None:
        response = requests.Response()
        response.status_code = status
        response._content = body.encode() if isinstance(body, str) else body
        response.headers.update({"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}})
        self.answers.append(response)

    def fail(self, error: requests.RequestException) -> None:
        self.answers.append(error)

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
