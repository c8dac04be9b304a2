"""Start and stop the live sample logs as a background process."""

import os
import sys
from pathlib import Path

from logops.quickstart import background

_RECORD = "feed.json"
_GRACE_SECONDS = 5.0


def start_feed(environment: str, root: Path, state: Path) -> bool:
    """Start the feed in the background. Return False if it was already running."""
    if is_feed_running(state):
        return False
    background.start(
        [sys.executable, "-m", "logops.quickstart.live_feed", environment],
        env={**os.environ, "LOGOPS_HOME": str(root)},
        cwd=state,
        log=state / "logs" / "feed.log",
        record=state / _RECORD,
    )
    return True


def is_feed_running(state: Path) -> bool:
    return background.running(state / _RECORD) is not None


def stop_feed(state: Path) -> bool:
    """Stop the feed. Return False if it was not running."""
    return background.stop(state / _RECORD, _GRACE_SECONDS) > 0
