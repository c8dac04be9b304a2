"""The message of a finding."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from logops.audit.findings.messages import finding_of
from logops.audit.judge.table_stats import Fault

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAME = "application/ab/1-2-3"
ONE = Fault("chunk-missing", "loki_index_20780", 20780, "application", 1, 37_000, NOW.timestamp(), (NAME,))


def test_message_for_one_chunk_names_chunk() -> None:
    finding = finding_of(ONE, "local", "main", NOW)
    assert finding.message == (
        "1 chunk (36.1 KiB) in the index and not in the bucket: its lines are lost to queries, "
        "since 2026-11-23 00:00 UTC: application/ab/1-2-3."
    )
    assert finding.evidence["table_date"] == "2026-11-23"


def test_message_for_many_chunks_has_count_example_and_unchecked_count() -> None:
    finding = finding_of(replace(ONE, count=12_000, since=0.0, candidates=5_000), "local", "main", NOW, "names.parquet")
    assert finding.message == (
        "12,000 chunks (36.1 KiB) in the index and not in the bucket: their lines are lost to queries, for example "
        "application/ab/1-2-3. Not checked again: 5,000 more that seem the same."
    )
    assert finding.evidence["names"] == "names.parquet"
    assert "since" not in finding.evidence


def test_message_for_lines_kept_longer_has_their_days() -> None:
    kept = replace(ONE, cls="lines-kept-longer", since=0.0, span_ms=int(17.3 * 86_400_000))

    finding = finding_of(kept, "local", "main", NOW)

    assert finding.message == (
        "1 chunk (36.1 KiB) whose first lines are kept up to 17 days longer than their retention: application/ab/1-2-3."
    )
    assert finding.evidence["kept_longer_days"] == 17.3


def test_message_for_chunks_without_names_has_count() -> None:
    finding = finding_of(replace(ONE, cls="retention-undershoot", count=3, sample=()), "local", "main", NOW)
    assert finding.message == (
        "3 chunks (36.1 KiB) gone before their time: an earlier audit counted them, since 2026-11-23 00:00 UTC."
    )


@pytest.mark.parametrize(
    ("cls", "one", "several"),
    [
        ("retention-overshoot", "1 chunk past its retention", "2 chunks past their retention"),
        ("chunk-orphaned", "nothing will delete it", "nothing will delete them"),
        ("chunk-archived", "every query that needs it fails", "every query that needs one fails"),
        ("tier-too-warm", "declared for its age", "declared for their age"),
    ],
)
def test_message_has_singular_words_for_one_chunk_and_plural_words_for_two(cls: str, one: str, several: str) -> None:
    messages = [
        finding_of(Fault(cls, "loki_index_1", 1, "application", count, 0, 0, ()), "local", "main", NOW).message
        for count in (1, 2)
    ]

    assert [text in message for text, message in zip((one, several), messages, strict=True)] == [True, True]
