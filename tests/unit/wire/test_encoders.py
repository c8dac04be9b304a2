"""The bytes of a request, decoded by an independent decoder."""

import gzip
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.wire import Record
from logops.wire.otlp import encode_otlp
from logops.wire.push import encode_push
from tests.support.log_receiver import ReceivedRecord, decode_otlp, decode_push


def decode_gzipped_otlp(body: bytes) -> list[ReceivedRecord]:
    return decode_otlp(gzip.decompress(body))


NOW_NS = 1_795_000_000_123_456_789
LABELS = (("level", "info"), ("service", "shop"))
FORMATS = [pytest.param(encode_push, decode_push, id="push"), pytest.param(encode_otlp, decode_gzipped_otlp, id="otlp")]

Encode = Callable[[list[Record]], bytes]
Decode = Callable[[bytes], list[ReceivedRecord]]

# Half of a surrogate pair has no UTF-8. It has a test of its own.
text = st.text(st.characters(exclude_categories=["Cs"]))
pairs = st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,9}", fullmatch=True), text, max_size=4).map(
    lambda found: tuple(sorted(found.items()))
)
records = st.lists(st.builds(Record, st.integers(0, 2**63 - 1), text, st.just(LABELS), pairs), min_size=1, max_size=20)


def record(line: str = "hello", time_ns: int = NOW_NS, labels: tuple[tuple[str, str], ...] = LABELS) -> Record:
    return Record(time_ns, line, labels, ())


@pytest.mark.parametrize(("encode", "decode"), FORMATS)
@given(records=records)
def test_records_when_decoded_are_the_same_and_in_order(encode: Encode, decode: Decode, records: list[Record]) -> None:
    decoded = [(found.time_ns, found.line, found.metadata) for found in decode(encode(records))]
    assert decoded == [(sent.time_ns, sent.line, dict(sent.metadata)) for sent in records]


@pytest.mark.parametrize(("encode", "decode"), FORMATS)
def test_records_of_two_streams_keep_their_labels_and_the_order_of_each(encode: Encode, decode: Decode) -> None:
    error = (("level", "error"), ("service", "shop"))
    sent = [record("1"), record("2", labels=error), record("3"), record("4", labels=error)]
    decoded = [(found.labels, found.line) for found in decode(encode(sent))]
    first, second = decoded[0][0], decoded[-1][0]
    assert decoded == [(first, "1"), (first, "3"), (second, "2"), (second, "4")]
    assert ("info" in first, "error" in second) == (True, True)


@pytest.mark.parametrize(
    ("value", "written"),
    [('a"b', r'"a\"b"'), ("a\\b", r'"a\\b"'), ("a\nb", r'"a\nb"'), ("\x01", r'"\u0001"'), ("größe", '"größe"')],
)
def test_label_with_special_letters_is_escaped_as_go_reads_it(value: str, written: str) -> None:
    (found,) = decode_push(encode_push([record(labels=(("path", value),))]))
    assert found.labels == f"{{path={written}}}"


@pytest.mark.parametrize("name", ["service", "service_name"])
def test_otlp_label_for_the_service_becomes_opentelemetrys_service_name(name: str) -> None:
    (found,) = decode_gzipped_otlp(encode_otlp([record(labels=((name, "shop"), ("team", "a")))]))
    assert found.labels == "{'service.name': 'shop', 'team': 'a'}"


@pytest.mark.parametrize(("encode", "decode"), FORMATS)
@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 5_000_000])
def test_line_of_any_length_arrives_whole(encode: Encode, decode: Decode, size: int) -> None:
    (found,) = decode(encode([record("x" * size)]))
    assert len(found.line) == size


@pytest.mark.parametrize(("encode", "decode"), FORMATS)
@pytest.mark.parametrize("time_ns", [0, 1, 999_999_999, 10**9, 2**63 - 1])
def test_time_with_few_or_many_nanoseconds_arrives_exactly(encode: Encode, decode: Decode, time_ns: int) -> None:
    (found,) = decode(encode([record(time_ns=time_ns)]))
    assert found.time_ns == time_ns


@pytest.mark.parametrize(("encode", "decode"), FORMATS)
def test_half_of_a_surrogate_pair_arrives_as_question_mark(encode: Encode, decode: Decode) -> None:
    (found,) = decode(encode([record("a\ud800b")]))
    assert found.line == "a?b"


@pytest.mark.parametrize(("encode", "decode"), FORMATS)
def test_time_before_1970_is_refused_with_the_time(encode: Encode, decode: Decode) -> None:
    with pytest.raises(ValueError, match=r"^its time -1 ns is before 1970$"):
        encode([record(time_ns=-1)])
