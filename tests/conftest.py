"""What every test shares, and which of them share a process."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import configuration, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager

from told import TOLD, Tell

ROOT = Path(__file__).parents[1]

configuration.set_hypothesis_home_dir(str(ROOT / ".logops" / "cache" / "hypothesis"))
# How long one example takes says more about the machine than about the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# A shell has what it runs in the background ignore Ctrl-C, and so would the processes that are interrupted here.
signal.signal(signal.SIGINT, signal.default_int_handler)
# After Ctrl-C, each of several processes (`-n`) ends what it started before it is killed: seconds.
NodeManager.EXIT_TIMEOUT = 60

TOGETHER = ("tests/e2e/test_make_up.py", "tests/e2e/", "tests/integration/live/", "tests/integration/history/")
"""Folders whose tests share what takes a minute to start; `make up` starts everything by itself."""
LONGEST_FIRST = (*TOGETHER, "tests/integration/")


class ByFile(LoadScopeScheduling):
    """Which tests one of several processes (`-n`) takes, in their order: those of a file, or of a folder."""

    def _split_scope(self, nodeid: str) -> str:
        return next((one for one in TOGETHER if nodeid.startswith(one)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return ByFile(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """So that none of several processes is left with the longest at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((at for at, one in enumerate(LONGEST_FIRST) if nodeid.startswith(one)), len(LONGEST_FIRST))


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
