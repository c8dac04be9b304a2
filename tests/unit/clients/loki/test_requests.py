"""Tests of building requests: the body of a push, splitting lines into requests, the cache, paths."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from logops.clients.loki import Direction, Entry, requests
from logops.clients.loki.requests import batches
from tests.support.log_receiver import decode_push

TEXTS = st.text(max_size=20)
ENTRIES = st.lists(
    st.builds(
        Entry,
        timestamp_ns=st.integers(0, 2**62),
        labels=st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), min_size=1),
        text=TEXTS,
        structured_metadata=st.dictionaries(st.sampled_from(["trace_id", "span_id"]), TEXTS),
    ),
    max_size=30,
)


def pushed(entries: list[Entry]) -> bytes:
    body = requests.push("t", entries).body
    assert body is not None
    return body


@given(ENTRIES)
def test_a_body_holds_every_line_once_under_its_stream(entries: list[Entry]) -> None:
    decoded = sorted(
        (record.labels, record.time_ns, record.line, sorted(record.metadata.items()))
        for record in decode_push(pushed(entries))
    )

    assert decoded == sorted(
        (selector(e.labels), e.timestamp_ns, e.text, sorted(e.structured_metadata.items())) for e in entries
    )


def selector(labels: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{name}={json.dumps(value)}' for name, value in sorted(labels.items()))}}}"


def test_lines_of_one_stream_keep_their_order() -> None:
    entries = [Entry(ns, {"b": "2", "a": "1"} if ns % 2 else {"a": "1", "b": "2"}, str(ns)) for ns in (3, 1, 2)]

    assert [record.line for record in decode_push(pushed(entries))] == ["3", "1", "2"]


def test_the_same_lines_make_the_same_bytes() -> None:
    entries = [Entry(1, {"job": "x"}, "line", {"trace_id": "7"})]

    assert pushed(entries) == pushed(entries)


@given(ENTRIES, st.integers(1, 60))
def test_requests_hold_all_lines_in_order(entries: list[Entry], most: int) -> None:
    assert [entry for batch in batches(entries, most) for entry in batch] == entries


@given(ENTRIES, st.integers(1, 60))
def test_only_a_request_of_one_line_may_exceed_the_limit(entries: list[Entry], most: int) -> None:
    for batch in batches(entries, most):
        assert len(batch) == 1 or sum(len(entry.text.encode()) for entry in batch) <= most


def test_two_mebibytes_are_pushed_in_two_requests() -> None:
    entries = [Entry(ns, {"job": "x"}, "x" * 1024) for ns in range(2048)]

    assert [len(batch) for batch in batches(entries)] == [1024, 1024]


def test_fresh_query_has_a_new_text_and_the_no_cache_header() -> None:
    request = requests.query_range("t", 'rate({a="b"}[1m])', 1, 2, 60, nonce="7f")

    assert dict(request.params)["query"] == 'rate({a="b"}[1m]) # 7f'
    assert request.header("Cache-Control") == "no-cache"


def test_query_without_nonce_uses_the_cache() -> None:
    request = requests.query_logs("t", '{a="b"}', 1, 2, limit=5, direction=Direction.FORWARD)

    assert dict(request.params)["query"] == '{a="b"}'
    assert request.header("Cache-Control") == ""


def test_slash_in_label_name_is_escaped_in_path() -> None:
    assert requests.label_values("t", "a/../b", 1, 2).path == "/loki/api/v1/label/a%2F..%2Fb/values"


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_query_string_decodes_to_the_same_parameters(logql: str, tenant: str, selectors: list[str]) -> None:
    for request in (requests.query(tenant, logql, 1), requests.series(tenant, selectors, 1, 2)):
        _, _, query = request.target.partition("?")

        assert tuple(parse_qsl(query, keep_blank_values=True)) == request.params


def test_repr_of_a_push_shows_no_log_line() -> None:
    request = requests.push("t", [Entry(1, {}, "text of a line")])

    assert str(request.body) not in repr(request)
