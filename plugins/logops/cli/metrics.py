"""`logops metrics`: findings and the age of every check, for Prometheus."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logops.alerts.metrics_server import PATHS, Pages, read_pages, serve
from logops.cli.output.console import FOUND, out, say, stop
from logops.cli.targets import environment, results_store
from logops.environment import Environment, find_environment, load_environment
from logops.findings.store import ResultsError
from logops.platforms import open_results
from logops.toolchain import project_root

if TYPE_CHECKING:
    from logops.findings.store import ResultsStore


def show(name: str, security: bool) -> None:
    """Run `logops metrics`."""
    declared = environment(name)
    try:
        pages = read_pages(declared, results_store(declared), datetime.now(UTC), time.time())
    except ResultsError as error:
        stop(str(error), FOUND)
    out.file.write(pages["security" if security else "standard"])


def serve_forever(name: str, listen: str, port: int) -> None:
    """Run `logops metrics --serve`. Ends when it is stopped."""
    environment(name)

    def source() -> "tuple[Environment, ResultsStore]":
        # Read again each time: a rollout changes the file.
        root = project_root()
        declared = load_environment(find_environment(name, root))
        return declared, open_results(declared, root)

    try:
        server = serve(Pages(source, say), listen, port)
    except OSError as error:
        stop(f"Serving metrics on {listen}:{port}: {error.strerror}. Choose another port with --serve.")
    say(f"Serving {' and '.join(f'http://{listen}:{port}{path}' for path in PATHS)}")
    with server:
        server.serve_forever()
