"""Lines of a security cluster: nothing that the quality check writes has a part of them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from logops.clients.loki import Entry, LokiClient
from logops.platforms import STATE
from logops.platforms.local import LocalPlatform
from logops.quickstart.airflow_api import AirflowApi
from tests.support.checkouts import Checkout
from tests.support.local_platforms import apply_all
from tests.support.rollouts import edit
from tests.support.waiting import wait_for

DAG = "ingestion_quality"
ENVIRONMENT = "watched"
MARK = "mark7of5a3security9line"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""
FAULTS = ("secret-in-logs", "lines-unparsable", "duplicates", "clock-skew", "labels-unexpected")


@pytest.mark.timeout(600)
def test_lines_of_security_cluster_are_in_nothing_that_the_quality_check_writes(
    checkout: Checkout, airflow: AirflowApi, live: Callable[[str], LocalPlatform]
) -> None:
    edit(checkout.root, ENVIRONMENT, ("sources.audit.expect", {"levels": ["info"]}))
    platform = live(ENVIRONMENT)
    apply_all(platform)
    _push_faulty_lines(platform)
    wait_for(lambda: airflow.has_dag(DAG), 240, every=0.5)
    run = f"e2e-{uuid4().hex[:8]}"
    airflow.trigger(DAG, run, {"environment": ENVIRONMENT})
    airflow.switch_on(DAG)
    wait_for(lambda: airflow.run_state(DAG, run) in ("success", "failed"), 240, every=0.5)
    shown = [
        checkout.logops("quality", *command)
        for command in (("show", ENVIRONMENT, "--json"), ("run", ENVIRONMENT, "--no-record", "--all"))
    ]
    texts = {
        **{str(answer.args[3:]): (answer.stdout + answer.stderr).encode() for answer in shown},
        **dict(_written(checkout.root)),
    }

    log = "\n".join(airflow.log(DAG, run, airflow.tasks(DAG, run)[0]))
    for text in (log, *(answer.stdout for answer in shown)):
        assert [fault for fault in FAULTS if fault not in text] == []
    assert b"github-token" in b"".join(text for name, text in texts.items() if name.endswith(".parquet"))
    assert any(name.endswith("quality-docs/index.html") for name in texts)
    assert [name for name, text in texts.items() if MARK.encode() in text or TOKEN.encode() in text] == []


def _push_faulty_lines(platform: LocalPlatform) -> None:
    """Store a line of each fault. All have the mark: in the line, in labels, and in structured metadata."""
    now = time.time_ns()
    labels = {"job": "audit", "environment": "production", "level": f"level-{MARK}", "user": f"user-{MARK}"}
    metadata = {"trace_id": f"trace-{MARK}", "session": f"{MARK}-{TOKEN}"}
    lines = [
        f'{{"action": "READ", "who": "{MARK}", "token": "{TOKEN}"}}',
        f'{{"action": "READ", "who": "{MARK}", half a line',
        *[f'{{"action": "READ", "who": "{MARK} twice"}}'] * 5,
    ]
    # Whole minutes are checked, so the lines are some minutes old. One is of the future.
    times = [now - 180 * 10**9 + number for number in range(len(lines))]
    entries = [Entry(moment, labels, line, metadata) for moment, line in zip(times, lines, strict=True)]
    entries.append(Entry(now + 480 * 10**9, labels, f'{{"who": "{MARK} of the future"}}', metadata))
    with LokiClient(platform.write_url("security")) as client:
        client.push("security-team", entries)


def _written(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that logops and Airflow wrote, with its content. Loki's own data is left out."""
    data = root / STATE / ENVIRONMENT / "data"
    for file in (root / STATE).rglob("*"):
        if not file.is_file() or data in file.parents:
            continue
        # Parquet compresses its values.
        is_table = file.suffix == ".parquet"
        yield str(file), str(pq.ParquetFile(file).read().to_pylist()).encode() if is_table else file.read_bytes()
