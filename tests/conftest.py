"""Settings of all tests: signals, hypothesis, and how tests are distributed over processes."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import configuration, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager

from tests.support.browsers import browser as browser
from tests.support.messages import MESSAGE, AddMessage

ROOT = Path(__file__).parents[1]

configuration.set_hypothesis_home_dir(str(ROOT / ".logops" / "cache" / "hypothesis"))
# The time of one example depends on the machine, not on the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# A shell makes background processes ignore Ctrl-C. The tests interrupt processes with it, so do not inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# After Ctrl-C, each of several processes (`-n`) ends what it started before it is killed: seconds.
NodeManager.EXIT_TIMEOUT = 60

MAKE_UP = "tests/e2e/test_make_up.py"
"""The test that starts everything by itself."""
TOGETHER = ("tests/e2e/", "tests/integration/history/", "tests/integration/live/", "tests/integration/kubernetes/")
"""Folders whose tests share a fixture that takes a minute to start."""
LONGEST_FIRST = (*TOGETHER, MAKE_UP)


def scope_of(test: str) -> str:
    """Return the group of a test. A group runs in one process, in its order: the tests of a file or of a folder."""
    return next((one for one in (MAKE_UP, *TOGETHER) if test.startswith(one)), test.partition("::")[0])


def turn_of(scope: str) -> int:
    """Return the sort key of a group. The longest groups start first, so that no process runs one alone at the end."""
    if scope in LONGEST_FIRST:
        return LONGEST_FIRST.index(scope)
    return len(LONGEST_FIRST) + (not scope.startswith("tests/integration/"))


class ByScope(LoadScopeScheduling):
    """Distribute the tests over the processes (`-n`) by group."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return ByScope(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: turn_of(scope_of(item.nodeid)))


@pytest.fixture
def add_message(record_property: Callable[[str, object], None]) -> AddMessage:
    """Add a message to the summary of the run, whether the test passes or fails."""
    return lambda text: record_property(MESSAGE, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    messages = [text for report in reports for name, text in report.user_properties if name == MESSAGE]
    if messages:
        terminalreporter.section("messages of the tests")
        terminalreporter.write_line("\n".join(messages))
