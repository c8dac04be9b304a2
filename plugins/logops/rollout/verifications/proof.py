"""One thing to try, and how to wait for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

from logops.errors import LogopsError

Value = TypeVar("Value")


class NotVerifiedError(LogopsError):
    """What was looked for is not there: what was expected, what was found."""


@dataclass(frozen=True)
class Proof:
    """Something to try on the real thing: `run` says in a line what it saw, or raises what was wrong."""

    name: str
    subject: str
    run: Callable[[], str]


def wait_for(look: Callable[[], Value | None], missing: Callable[[], str], seconds: float) -> Value:
    """Call `look` until it returns a value, less and less often. Raises NotVerifiedError(missing()) after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.1
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise NotVerifiedError(f"{missing()} within {seconds:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
    return found


def new_marker() -> str:
    """A word that stands nowhere else, to find one line by."""
    return f"logops-{uuid4().hex}"
