"""One verification, and how to wait for its result."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from logops.errors import LogopsError

Value = TypeVar("Value")


class NotVerifiedError(LogopsError):
    """The expected result is not there: what was expected, what was found."""


@dataclass(frozen=True)
class Verification:
    """A verification on the running system. `run` returns what it saw in one line, or raises an error."""

    name: str
    subject: str
    run: Callable[[], str]


def wait_for(look: Callable[[], Value | None], missing: Callable[[], str], seconds: float) -> Value:
    """Call `look` until it returns a value, less and less often. Raises NotVerifiedError(missing()) after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.1
    while (value := look()) is None:
        if time.monotonic() > deadline:
            raise NotVerifiedError(f"{missing()} within {seconds:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
    return value


def new_marker() -> str:
    """Return a unique word that finds one line."""
    return f"logops-{uuid4().hex}"
