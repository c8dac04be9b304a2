"""Loki keeps every acknowledged line if an ingester is killed. benchmarks/lines_lost.py tests 100,000 lines."""

import threading
import time

import psutil

from logops.clients.loki import Entry, LokiClient
from logops.platforms.local import LocalPlatform
from tests.support.local_platforms import pid_of

LINES = 3000
BATCH = 50


def test_acknowledged_lines_survive_killed_ingester(platform: LocalPlatform) -> None:
    started = time.time_ns()
    acknowledged: list[int] = []
    half_way = threading.Event()

    def push() -> None:
        with LokiClient(platform.write_url("main")) as client:
            for first in range(0, LINES, BATCH):
                numbers = range(first, first + BATCH)
                client.push("application", [Entry(time.time_ns(), {"job": "killed"}, str(n)) for n in numbers])
                acknowledged.extend(numbers)
                if first > LINES // 3:
                    half_way.set()

    pushing = threading.Thread(target=push)
    pushing.start()
    assert half_way.wait(60)
    victim = pid_of(platform, "main-ingester-2")
    psutil.Process(victim).kill()
    pushing.join()

    assert len(acknowledged) == LINES
    with LokiClient(platform.read_url("main")) as client:
        found = client.read_all("application", '{job="killed"}', started, time.time_ns())
        assert {int(entry.text) for entry in found} == set(range(LINES))
