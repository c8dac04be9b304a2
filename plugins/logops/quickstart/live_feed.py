"""The background process of the live sample logs: `python -m logops.quickstart.live_feed ENV`.

It writes below samples/ in the state folder, and runs until it receives SIGTERM.
"""

import signal
import sys
from threading import Event

from logops.environment import find_environment, load_environment
from logops.platforms import STATE, open_platform
from logops.samples.live_feed import feed
from logops.toolchain import project_root


def main() -> None:
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    root = project_root()
    environment = load_environment(find_environment(sys.argv[1], root))
    write_line = open_platform(environment, root).write_line
    feed(environment, write_line, root / STATE / environment.name / "samples", stop)


if __name__ == "__main__":
    main()
