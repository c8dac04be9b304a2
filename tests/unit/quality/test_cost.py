"""What a query will read, before it is sent."""

from logops.quality.measured import Cost


def test_first_query_may_read_every_copy_of_a_line() -> None:
    assert Cost(1_000).expected_bytes(10, copies=3) == 30


def test_later_query_reads_as_much_more_than_estimated_as_the_queries_before() -> None:
    assert Cost(1_000, bytes=180, estimated_bytes=100).expected_bytes(10, copies=3) == 18


def test_query_never_counts_as_cheaper_than_the_index_says() -> None:
    assert Cost(1_000, bytes=10, estimated_bytes=100).expected_bytes(10, copies=3) == 10
