"""The memory of a task that judges tables."""

from logops.audit.task_size import judge_size, too_large_for_a_task

GIB = 1 << 30


def test_memory_grows_with_the_largest_table_and_with_that_of_duckdb() -> None:
    small, large, more_for_duckdb = (
        judge_size(1_000_000, GIB),
        judge_size(9_000_000, GIB),
        judge_size(9_000_000, 2 * GIB),
    )

    assert large.usual - small.usual == 8_000_000 * 260
    assert (more_for_duckdb.usual, more_for_duckdb.most) == (large.usual, large.most + GIB)


def test_small_tables_that_are_judged_together_need_what_a_table_of_a_million_chunks_needs() -> None:
    assert judge_size(10, GIB) == judge_size(1_000_000, GIB)


def test_table_larger_than_a_task_is_named_with_the_memory_that_it_needs() -> None:
    message = too_large_for_a_task({"loki_index_1": 10, "loki_index_2": 8_000_000}, 5_000_000, GIB)

    assert "loki_index_2 has 8,000,000 chunks, more than audit.chunks_per_task (5,000,000)" in message
    assert "may need 3.6 GiB of memory" in message


def test_tables_that_fit_need_no_message() -> None:
    assert too_large_for_a_task({"loki_index_1": 5_000_000}, 5_000_000, GIB) == ""
    assert too_large_for_a_task({}, 5_000_000, GIB) == ""
