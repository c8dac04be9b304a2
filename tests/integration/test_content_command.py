"""`logops audit content` on a bucket with real chunks."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from logops.cli import app
from logops.clients.blob_storage import ObjectStore
from logops.findings.store import ResultsStore
from tests.support.audit_bucket import create_bucket
from tests.support.content_bucket import ContentBucket, RealChunk


@pytest.fixture
def chunks(
    store: ObjectStore, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[ContentBucket, list[RealChunk]]:
    """A bucket with two chunks, which the command reads as the environment `local`."""
    bucket = ContentBucket(create_bucket(store, endpoint, f"command-{uuid4().hex[:12]}", tmp_path))
    monkeypatch.setattr("logops.cli.audit_content.readable", lambda name: bucket.audits.platform)
    monkeypatch.setattr("logops.cli.audit_content.results_store", lambda _: ResultsStore(str(tmp_path / "results")))
    return bucket, bucket.put(10, 20)


def test_plan_shows_price_and_reads_nothing(chunks: tuple[ContentBucket, list[RealChunk]]) -> None:
    shown = CliRunner().invoke(app, ["audit", "content", "local", "--tenant", "platform", "--plan"])

    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("local: Reads 2 chunks, ")
    assert "reading them costs < 0.01 USD." in " ".join(shown.stdout.split())


def test_damaged_chunk_is_shown_and_fails_the_command(chunks: tuple[ContentBucket, list[RealChunk]]) -> None:
    bucket, (damaged, _) = chunks
    bucket.container.write(damaged.name, b"")
    options = ["audit", "content", "local", "--table", damaged.table]
    shown = CliRunner().invoke(app, options)
    told = json.loads(CliRunner().invoke(app, [*options, "--json"]).stdout)

    assert shown.exit_code == 1, shown.output
    assert "chunk-empty" in shown.stdout
    assert damaged.name in "".join(shown.stdout.split())
    assert (told["chunks"], [finding["class"] for finding in told["findings"]]) == (1, ["chunk-empty"])


def test_budget_that_is_no_size_is_refused(chunks: tuple[ContentBucket, list[RealChunk]]) -> None:
    shown = CliRunner().invoke(app, ["audit", "content", "local", "--budget", "much"])

    assert shown.exit_code == 2
    assert "--budget: " in shown.output
