"""Live sample logs: `python -m logops.samples.live_feed ENV` writes them where the environment's sources log.

Files in the state folder's samples/ grow, and system logs go to the syslog port. The agents ship both. It runs until
it receives SIGTERM.
"""

import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Thread

from logops.environment import find_environment, load_environment
from logops.environment.agents import SyslogSource
from logops.environment.model import Environment
from logops.platforms import open_platform
from logops.platforms.platform import DeployablePlatform, PlatformError
from logops.samples import Kind, follow, generate
from logops.samples.history_fill import SEED, places
from logops.toolchain import project_root

LINES_PER_MINUTE: Mapping[Kind, float] = {Kind.APPLICATION: 60, Kind.ACCESS: 30, Kind.AUDIT: 12, Kind.SYSTEM: 18}
"""Two lines per second in total."""
_EVERY_SECONDS = 1.0


def feed(platform: DeployablePlatform, state: Path, stop: Event) -> None:
    """Write lines at their time until `stop` is set."""
    kinds = places(platform.environment)
    in_files: dict[Kind, float] = {kind: LINES_PER_MINUTE[kind] for kind in kinds if kind is not Kind.SYSTEM}
    source = _syslog_source(platform.environment)
    sender = Thread(target=_send_syslog, args=(platform, source, stop), daemon=True)
    if source:
        sender.start()
    follow(state / "samples", SEED, in_files, stop, every=_EVERY_SECONDS)


def _send_syslog(platform: DeployablePlatform, source: str, stop: Event) -> None:
    """Send syslog lines. A line that nothing accepts is lost, as with syslog; it is reported once per outage."""
    lost = 0
    start_ns = time.time_ns()
    while not stop.wait(_EVERY_SECONDS):
        end_ns = max(start_ns, time.time_ns())
        for line in generate(Kind.SYSTEM, SEED, start_ns, end_ns, LINES_PER_MINUTE[Kind.SYSTEM]):
            try:
                platform.write_line(source, line.text)
            except PlatformError as error:
                lost += 1
                if lost == 1:
                    print(f"syslog: {error}", flush=True)
            else:
                if lost:
                    print(f"syslog: taken again, after {lost} lines were lost", flush=True)
                lost = 0
        start_ns = end_ns


def _syslog_source(environment: Environment) -> str:
    return next((name for name, source in environment.sources.items() if isinstance(source, SyslogSource)), "")


def main() -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    root = project_root()
    environment = load_environment(find_environment(sys.argv[1], root))
    feed(open_platform(environment, root), root / ".logops" / environment.name, stop)


if __name__ == "__main__":
    main()
