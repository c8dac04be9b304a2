"""What every test shares, and which of them share a process."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import configuration, settings

from told import TOLD, Tell

ROOT = Path(__file__).parents[1]

configuration.set_hypothesis_home_dir(str(ROOT / ".logops" / "cache" / "hypothesis"))
# How long one example takes says more about the machine than about the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# A shell has what it runs in the background ignore Ctrl-C, and so would the processes that are interrupted here.
signal.signal(signal.SIGINT, signal.default_int_handler)

SLOW_TO_START = ("cluster", "platform")
"""What takes a minute to start: files of tests that ask for the same go to one process, one after the other."""
LONGEST_FIRST = ("e2e", "integration", "dags", "unit")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Which tests a process takes together, where several share them (`-n`); and the longest first, so that none of
    the processes is left with them at the end."""
    asked: dict[Path, set[str]] = {}
    for item in items:
        asked.setdefault(item.path, set()).update(_fixtures(item))
    for item in items:
        shared = next((name for name in SLOW_TO_START if name in asked[item.path]), item.path.stem)
        item.add_marker(pytest.mark.xdist_group("e2e" if _kind(item) == "e2e" else shared))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONGEST_FIRST.index(_kind(item)))


def _fixtures(item: pytest.Item) -> set[str]:
    """Not what is only called so: an argument that the test itself is given values of."""
    given = getattr(item, "callspec", None)
    return {*getattr(item, "fixturenames", ())} - {*(given.params if given else ())}


def _kind(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT / "tests").parts[0]


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
