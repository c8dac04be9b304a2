import json

import pytest

from logops.doctor import DocumentError
from logops.doctor.reading.safe_yaml import MAX_BYTES, parse

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a: [1, 2", "not readable as YAML", id="broken"),
        pytest.param("x" * (MAX_BYTES + 1), "the text is too large", id="too big"),
        pytest.param("[" * 100_000, "nested deeper than 100", id="too deep"),
        pytest.param(BOMB, "aliases that expand to more than 1000000 values", id="alias bomb"),
        pytest.param("a: &a [*a]", "an alias of a value that contains it", id="alias of itself"),
        pytest.param("a: 1\nb: 2\na: 3", "line 3: the key 'a' is a duplicate", id="duplicate key"),
        pytest.param('{"a": 1, "a": 2}', "the key 'a' is a duplicate", id="duplicate key in JSON"),
        pytest.param("a: !!python/object/apply:os.system [true]", "could not determine a constructor", id="code"),
        pytest.param("\x00", "not readable as YAML", id="no text"),
    ],
)
def test_unsafe_or_invalid_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse(text, "values.yaml")

    assert refused.value.file == "values.yaml"
    assert reason in refused.value.found
    assert refused.value.accepted


def test_small_aliases_are_accepted() -> None:
    assert parse("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]", "f") == [
        {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}
    ]


def test_json_with_tabs_is_parsed() -> None:
    assert parse(json.dumps({"rules": []}, indent="\t"), "policy.json") == [{"rules": []}]


def test_empty_documents_are_skipped() -> None:
    assert parse("---\na: 1\n---\n---\nb: 2\n", "f") == [{"a": 1}, {"b": 2}]
