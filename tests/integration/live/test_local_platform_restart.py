"""Apply another log level and a future schema period to a running cluster, and roll back: only it restarts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from logops.clients.loki import LokiClient, LokiError
from logops.platforms import open_local
from logops.platforms.local import LocalPlatform
from logops.platforms.local.running import running
from logops.platforms.local.supervisord import Supervisord
from logops.platforms.platform import Revision
from logops.render import Files
from tests.support.environments import environment
from tests.support.local_platforms import pids

OWNER = "changes-the-log-level"
FIRST_DAY = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
SCHEMA_PERIODS = [
    {"from": "2024-01-01", "store": "tsdb", "schema": "v13", "index_prefix": "loki_index_"},
    {"from": FIRST_DAY, "store": "tsdb", "schema": "v13", "index_prefix": "loki_index_2_"},
]


@dataclass
class Change:
    """Observations while Loki's log level changed in cluster main, and after the rollback."""

    before: dict[str, int | None]
    after: dict[str, int | None]
    live_before: Files
    wanted: Files
    live_after: Files
    most_missing: set[str]
    """The largest set of processes of the cluster that were stopped at the same time."""
    ring_states: list[tuple[str, ...]]
    """States of the three ingesters in each observation, as the querier reports them."""
    periods: dict[str, list[str]]
    """First days of the schema periods that each process of the cluster runs with, after the change."""
    back: Revision | None
    live_back: Files


@pytest.fixture(scope="module")
def change(platform: LocalPlatform) -> Change:
    wanted = environment(
        "local",
        ("name", platform.environment.name),
        ("platform.base_port", platform.environment.platform.base_port),
        ("clusters.main.log_level", "info"),
        ("clusters.main.schema_periods", SCHEMA_PERIODS),
    )
    other = open_local(wanted, platform.state.parents[1])
    live_before, before = platform.live("loki"), pids(platform)
    files = other.desired()["loki"]
    watch = Watch(platform)
    other.apply("loki", files, OWNER, print)
    watch.end()
    live_after, after = other.live("loki"), pids(other)
    periods = schema_periods(other)
    back = platform.roll_back("loki", OWNER, print)
    live_back = platform.live("loki")
    missing, states = watch.most_missing, watch.ring_states
    return Change(before, after, live_before, files, live_after, missing, states, periods, back, live_back)


def schema_periods(platform: LocalPlatform) -> dict[str, list[str]]:
    found = {}
    for name, url in platform.urls("main").items():
        with LokiClient(url) as client:
            schema: Any = client.config()["schema_config"]
            found[name] = [str(period["from"]) for period in schema["configs"]]
    return found


class Watch:
    """Observes cluster main repeatedly in a separate thread."""

    def __init__(self, platform: LocalPlatform) -> None:
        self.most_missing: set[str] = set()
        self.ring_states: list[tuple[str, ...]] = []
        self._platform = platform
        self._ended = Event()
        self._thread = Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        supervisord = Supervisord(self._platform.state)
        names = set(self._platform.urls("main"))
        before: set[str] = set()
        while not self._ended.is_set():
            missing = names - running(supervisord).keys()
            # One observation takes a while and may see two processes stopped in turn. Count only processes that are
            # missing in two consecutive observations.
            self.most_missing = max(self.most_missing, missing & before, key=len)
            before = missing
            try:
                with LokiClient(self._platform.urls("main")["main-querier-0"], read_timeout=2, retry_for=0) as client:
                    self.ring_states.append(tuple(member.state for member in client.ring()))
            except LokiError:
                # The querier itself is restarting.
                pass
            self._ended.wait(0.05)


def test_changed_configuration_is_live_after_apply(change: Change) -> None:
    assert change.live_before != change.wanted == change.live_after


def test_future_schema_period_is_in_the_configuration_of_every_process(change: Change) -> None:
    assert len(change.periods) == 10
    assert {name: periods[-1] for name, periods in change.periods.items()} == dict.fromkeys(change.periods, FIRST_DAY)


def test_apply_restarts_every_process_of_changed_cluster(change: Change) -> None:
    main = [name for name in change.before if name.startswith("main-")]
    assert len(main) == 10
    assert [name for name in main if change.before[name] == change.after[name]] == []


def test_apply_restarts_no_process_of_other_clusters(change: Change) -> None:
    others = {name: pid for name, pid in change.before.items() if not name.startswith("main-")}
    assert {name: change.after[name] for name in others} == others


def test_apply_stops_at_most_one_process_at_a_time(change: Change) -> None:
    assert len(change.most_missing) == 1


def test_two_ingesters_stay_active_during_restart(change: Change) -> None:
    # Members stay in the ring during a restart. A querier that reports fewer has just started and is not yet in sync.
    whole = [states for states in change.ring_states if len(states) == 3]
    assert min(states.count("ACTIVE") for states in whole) == 2


def test_rollback_restores_files_and_processes_of_previous_revision(change: Change, platform: LocalPlatform) -> None:
    assert change.back is not None
    assert change.back.digest == change.live_before.digest
    assert change.live_back == change.live_before


def test_repeated_rollback_changes_nothing(change: Change, platform: LocalPlatform) -> None:
    before = pids(platform)
    again = platform.roll_back("loki", OWNER, print)
    assert again == change.back
    assert pids(platform) == before
