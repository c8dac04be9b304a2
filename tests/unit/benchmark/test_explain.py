"""Explain from Loki's statistics why a query became slower or reads more."""

from dataclasses import replace

import pytest

from logops.benchmark.history.explain import Work, explain_growth, explain_slowdown

WORK = Work(1.0, 0.9, 0.0, bytes=1e6, cached_results=2, shards=4, lines=1e4, chunks=10, cached_chunks=10)


def after(factor: float, **changed: float) -> Work:
    return replace(WORK, seconds=factor, exec_s=0.9 * factor, **changed)


def test_fewer_cached_results_are_reported_instead_of_data_growth() -> None:
    assert explain_slowdown(WORK, after(2, cached_results=0, bytes=3e6)) == "Less of it came from the cache of results."


def test_data_growth_equal_to_slowdown_is_only_cause() -> None:
    assert explain_slowdown(WORK, after(2, bytes=2e6)) == "The data grew: it read 100% more bytes."


def test_small_data_growth_is_reported_with_longer_time_per_byte() -> None:
    assert (
        explain_slowdown(WORK, after(2, bytes=1.1e6))
        == "The data grew: it read 10% more bytes; each byte took 82% longer."
    )


def test_chunk_cache_misses_are_reported() -> None:
    told = "2 of its 10 chunks came from their cache, before 10 of 10."

    assert explain_slowdown(WORK, after(2, cached_chunks=2)) == told


def test_similar_chunk_cache_hit_rate_is_no_cause() -> None:
    assert explain_slowdown(WORK, after(2, chunks=20, cached_chunks=19)) == "Each byte took 100% longer."


def test_half_chunk_cache_hit_rate_is_reported() -> None:
    assert (
        explain_slowdown(WORK, after(2, cached_chunks=5))
        == "5 of its 10 chunks came from their cache, before 10 of 10."
    )


def test_data_growth_is_reported_with_other_causes() -> None:
    told = (
        "The data grew: it read 50% more bytes; its parts waited 2.00 s longer in the queue; each byte took 33% longer."
    )

    assert explain_slowdown(WORK, after(2, bytes=1.5e6, queue_s=2.0)) == told


def test_longer_queue_wait_is_no_cause_if_parts_take_longer() -> None:
    parts = replace(WORK, queue_s=20.0)

    assert explain_slowdown(parts, after(2, queue_s=40.0)) == "Each byte took 100% longer."


def test_fewer_shards_are_reported_with_longer_time_per_byte() -> None:
    assert (
        explain_slowdown(WORK, after(2, shards=3.5)) == "It ran in 3.5 shards, before in 4; each byte took 100% longer."
    )


def test_small_loss_of_shards_or_cached_results_is_no_cause() -> None:
    many = replace(WORK, shards=88, cached_results=60)

    assert explain_slowdown(many, after(2, shards=87, cached_results=59)) == "Each byte took 100% longer."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bytes": 2e6, "lines": 2e4}, "100% more lines."),
        ({"bytes": 2e6}, "A line is 100% longer."),
        ({"bytes": 2e6, "lines": 2e4, "chunks": 30}, "100% more lines; 200% more chunks."),
        ({"bytes": 2e6, "lines": 0.0}, ""),
    ],
)
def test_growth_of_bytes_is_explained_by_lines_and_chunks(changed: dict[str, float], told: str) -> None:
    assert explain_growth(WORK, replace(WORK, **changed)) == told
