"""Ctrl-C at any moment: one line, exit 130, no traceback.

This module imports little: nothing handles a Ctrl-C that comes before its functions run.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""


def interrupted_text() -> str:
    """Return the line for an interruption. On a terminal it starts a new line, after the ^C that the terminal shows."""
    return "\nInterrupted.\n" if sys.stderr.isatty() else "Interrupted.\n"


@contextmanager
def ends_at_once() -> Iterator[None]:
    """Make Ctrl-C end the process at once, while nothing needs cleaning up: during imports.

    A KeyboardInterrupt is no good there: a module that is half imported may hide it, or replace it by another error.
    """
    before = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def end_quietly() -> Iterator[None]:
    """Run a command: a Ctrl-C that Python would drop is raised again, and a second one ends a slow end at once."""
    sys.unraisablehook = _raise_dropped_interrupt
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(interrupted_text())
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    finally:
        # Threads may still have to end. Another Ctrl-C must not show a traceback of the interpreter's own exit.
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end(signal_number: int, frame: FrameType | None) -> None:
    os.write(sys.stderr.fileno(), interrupted_text().encode())
    os._exit(INTERRUPTED)


def _raise_dropped_interrupt(dropped: Any) -> None:
    """Raise KeyboardInterrupt in the main thread once more, if a destructor or a callback swallowed it."""
    if dropped.exc_type is KeyboardInterrupt:
        main_thread = threading.main_thread().ident
        assert main_thread is not None
        threading.Timer(0.01, signal.pthread_kill, (main_thread, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(dropped)
