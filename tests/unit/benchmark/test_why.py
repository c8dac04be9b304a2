"""Why a query became slower, or reads more, by Loki's own statistics."""

from dataclasses import replace

import pytest

from logops.benchmark.why import Work, why, why_more

WORK = Work(1.0, 0.9, 0.0, bytes=1e6, cached_results=2, shards=4, lines=1e4, chunks=10, cached_chunks=10)


def after(factor: float, **changed: float) -> Work:
    return replace(WORK, seconds=factor, exec_s=0.9 * factor, **changed)


def test_what_the_cache_of_results_no_longer_gives_is_no_growth_of_the_data() -> None:
    assert why(WORK, after(2, cached_results=0, bytes=3e6)) == "Less of it came from the cache of results."


def test_data_that_grew_as_much_as_the_time_is_all_of_the_cause() -> None:
    assert why(WORK, after(2, bytes=2e6)) == "The data grew: it read 100% more bytes."


def test_data_that_grew_a_little_does_not_hide_that_each_byte_takes_longer() -> None:
    assert why(WORK, after(2, bytes=1.1e6)) == "The data grew: it read 10% more bytes; each byte took 82% longer."


def test_chunks_that_no_longer_come_from_their_cache_are_told() -> None:
    told = "2 of its 10 chunks came from their cache, before 10 of 10."

    assert why(WORK, after(2, cached_chunks=2)) == told


def test_a_cache_of_chunks_that_gives_about_as_much_is_no_cause() -> None:
    assert why(WORK, after(2, chunks=20, cached_chunks=19)) == "Each byte took 100% longer."


def test_a_cache_of_chunks_that_gives_a_half_less_is_told() -> None:
    assert why(WORK, after(2, cached_chunks=5)) == "5 of its 10 chunks came from their cache, before 10 of 10."


def test_data_that_grew_is_told_beside_another_cause() -> None:
    told = (
        "The data grew: it read 50% more bytes; its parts waited 2.00 s longer in the queue; each byte took 33% longer."
    )

    assert why(WORK, after(2, bytes=1.5e6, queue_s=2.0)) == told


def test_parts_that_wait_longer_because_each_takes_longer_are_no_cause() -> None:
    parts = replace(WORK, queue_s=20.0)

    assert why(parts, after(2, queue_s=40.0)) == "Each byte took 100% longer."


def test_fewer_shards_are_told_beside_what_each_byte_takes_longer() -> None:
    assert why(WORK, after(2, shards=3.5)) == "It ran in 3.5 shards, before in 4; each byte took 100% longer."


def test_of_many_queries_together_a_shard_or_a_cached_result_fewer_is_no_cause() -> None:
    many = replace(WORK, shards=88, cached_results=60)

    assert why(many, after(2, shards=87, cached_results=59)) == "Each byte took 100% longer."


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bytes": 2e6, "lines": 2e4}, "100% more lines."),
        ({"bytes": 2e6}, "A line is 100% longer."),
        ({"bytes": 2e6, "lines": 2e4, "chunks": 30}, "100% more lines; 200% more chunks."),
        ({"bytes": 2e6, "lines": 0.0}, ""),
    ],
)
def test_of_reading_more_it_says_whether_there_are_more_lines_or_longer_ones(
    changed: dict[str, float], told: str
) -> None:
    assert why_more(WORK, replace(WORK, **changed)) == told
