"""What every test shares, and which of them share a process."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import configuration, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager

from tests.support.told import TOLD, Tell

ROOT = Path(__file__).parents[1]

configuration.set_hypothesis_home_dir(str(ROOT / ".logops" / "cache" / "hypothesis"))
# How long one example takes says more about the machine than about the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# A shell has what it runs in the background ignore Ctrl-C, and so would the processes that are interrupted here.
signal.signal(signal.SIGINT, signal.default_int_handler)
# After Ctrl-C, each of several processes (`-n`) ends what it started before it is killed: seconds.
NodeManager.EXIT_TIMEOUT = 60

MAKE_UP = "tests/e2e/test_make_up.py"
"""It starts everything by itself."""
TOGETHER = ("tests/e2e/", "tests/integration/history/", "tests/integration/live/")
"""Folders whose tests share what takes a minute to start."""
LONGEST_FIRST = (*TOGETHER, MAKE_UP)


def scope_of(test: str) -> str:
    """What runs in one process, in its order: the tests of a file, or of a folder."""
    return next((one for one in (MAKE_UP, *TOGETHER) if test.startswith(one)), test.partition("::")[0])


def turn_of(scope: str) -> int:
    """So that none of several processes is left with the longest at the end."""
    if scope in LONGEST_FIRST:
        return LONGEST_FIRST.index(scope)
    return len(LONGEST_FIRST) + (not scope.startswith("tests/integration/"))


class ByScope(LoadScopeScheduling):
    """Which tests one of several processes (`-n`) takes."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return ByScope(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: turn_of(scope_of(item.nodeid)))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Says something in the summary of the run, whether the test passes or not."""
    return lambda text: record_property(TOLD, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind)]
    told = [text for report in reports for name, text in report.user_properties if name == TOLD]
    if told:
        terminalreporter.section("told by the tests")
        terminalreporter.write_line("\n".join(told))
