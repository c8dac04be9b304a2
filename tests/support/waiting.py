"""Wait for a condition, never for a fixed time."""

import time
from collections.abc import Callable


def becomes_true(condition: Callable[[], bool], seconds: float = 60, every: float = 0.1) -> bool:
    """Wait until a condition is true, and return whether it is. Use it if the test says itself what is missing.

    every   seconds between two calls of the condition; use more if the call itself is expensive
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def wait_for(
    condition: Callable[[], bool], seconds: float = 60, every: float = 0.1, state: Callable[[], object] = str
) -> None:
    """Wait until a condition is true. Fail with the state if it is not true in time."""
    assert becomes_true(condition, seconds, every), f"not true after {seconds:.0f} s. {state()}".rstrip()
