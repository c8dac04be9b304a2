"""A secret in logs: what a quality run says about it, and that its value is nowhere."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from logops.clients.loki import Entry, LokiClient
from logops.findings.store import ResultsStore
from logops.platforms.local import LocalPlatform
from logops.quality.request import QualityRequest
from logops.quality.run import QualityResult, run_quality

TOKEN = "ghp_" + uuid4().hex + "k1L2"
"""Has the form of a token, and opens nothing."""


@pytest.fixture(scope="module")
def began(platform: LocalPlatform) -> datetime:
    """Store a token in a line, in a label and in structured metadata, and return a moment before it."""
    time_ns = time.time_ns()
    labels = {"job": "oversight-app", "environment": "production", "level": "info", "service": "secrets"}
    line = '{"message": "charged"}'
    with LokiClient(platform.write_url("main")) as client:
        client.push(
            "application",
            [
                Entry(time_ns, labels, f'{{"message": "token {TOKEN} refused"}}'),
                Entry(time_ns + 1, {**labels, "user": TOKEN}, line),
                Entry(time_ns + 2, labels, line, {"session": TOKEN}),
            ],
        )
    return datetime.fromtimestamp(time_ns // 10**9 - 1, UTC)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def run(platform: LocalPlatform, began: datetime, results: Path) -> QualityResult:
    """Check the time since the lines were stored."""
    as_of = datetime.now(UTC) + timedelta(seconds=1)
    window_s = int((as_of - began).total_seconds()) + 1
    request = QualityRequest(uuid4().hex, as_of, window_s, 1, 5_000, 2**30, reads_counters=False)
    return run_quality(platform, request, ResultsStore(str(results)), lambda _: None)


def evidence_of(result: QualityResult) -> dict[str, object]:
    """Return the evidence of the finding about the token."""
    (finding,) = [finding for finding in result.findings if finding.subject.path == "github-token"]
    return {**finding.evidence, "message": finding.message}


def test_token_in_line_label_and_metadata_is_reported_with_each_place(
    platform: LocalPlatform, began: datetime, results: Path
) -> None:
    evidence = evidence_of(run(platform, began, results))

    assert evidence["where"] == "label user, line, structured metadata session"
    assert evidence["values"] == 1
    assert "application: secret github-token in label user, line, structured metadata session." in str(
        evidence["message"]
    )


def test_token_has_the_same_hash_in_the_next_run(platform: LocalPlatform, began: datetime, results: Path) -> None:
    first, second = (evidence_of(run(platform, began, results)) for _ in range(2))

    assert first["hashes"] == second["hashes"]
    assert first["hashes_of"] == "all runs of this environment"


def test_token_is_masked_in_the_result_and_nowhere_in_what_a_run_writes(
    platform: LocalPlatform, began: datetime, results: Path, tmp_path: Path
) -> None:
    result = run(platform, began, results)
    written = dict(_written(tmp_path))

    assert "[secret: github-token]" in json.dumps(result.to_dict(), default=str)
    assert any("[secret: github-token]" in text for name, text in written.items() if name.endswith(".parquet"))
    assert [name for name, text in written.items() if TOKEN in text] == []
    assert TOKEN not in json.dumps(result.to_dict(), default=str)


def test_salt_is_readable_only_by_owner_and_not_in_the_results(platform: LocalPlatform, results: Path) -> None:
    salt = platform.state / "quality-salt"
    platform.salt_secret()

    assert salt.stat().st_mode & 0o777 == 0o600
    assert platform.state.stat().st_mode & 0o077 == 0
    assert not salt.is_relative_to(platform.state / platform.environment.results)


def _written(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every file of a folder, with its content as text."""
    for file in folder.rglob("*"):
        if file.suffix == ".parquet":
            yield str(file), str(pq.ParquetFile(file).read().to_pylist())
        elif file.is_file():
            yield str(file), file.read_bytes().decode("latin-1")


def test_token_in_one_of_thousands_of_lines_is_found_by_a_small_sample(platform: LocalPlatform, tmp_path: Path) -> None:
    key = "sk_live_" + uuid4().hex
    now_ns = time.time_ns()
    labels = {"job": "oversight-app", "environment": "production", "level": "info", "service": "haystack"}
    step_ns = 25_000_000
    lines = [
        Entry(now_ns - step_ns * number, labels, f'{{"message": "paid", "number": {number}}}')
        for number in range(2_400)
    ]
    lines[1_234] = Entry(lines[1_234].timestamp_ns, labels, f'{{"message": "paid with {key}"}}')
    with LokiClient(platform.write_url("main")) as client:
        client.push("application", lines)
    as_of = datetime.now(UTC) + timedelta(seconds=1)
    request = QualityRequest(uuid4().hex, as_of, 70, 1, 20, 2**30, reads_counters=False)

    result = run_quality(platform, request, ResultsStore(str(tmp_path / "results")), lambda _: None)

    (found,) = [finding for finding in result.findings if finding.subject.path == "stripe-key"]
    assert "contains 1 different value; every line was searched." in found.message
    assert key not in str(result.to_dict())
