import json

import pytest

from logops.doctor import DocumentError
from logops.doctor.reading.safe_yaml import MAX_BYTES, parse

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a: [1, 2", "not readable as YAML", id="broken"),
        pytest.param("x" * (MAX_BYTES + 1), f"{MAX_BYTES + 1} characters", id="too big"),
        pytest.param("[" * 100_000, "nested deeper than 100", id="too deep"),
        pytest.param(BOMB, "aliases that stand for more than 1000000 values", id="alias bomb"),
        pytest.param("a: &a [*a]", "an alias of what it stands in", id="alias of itself"),
        pytest.param("a: 1\nb: 2\na: 3", "line 3: the key 'a' stands twice", id="key twice"),
        pytest.param('{"a": 1, "a": 2}', "the key 'a' stands twice", id="key twice in JSON"),
        pytest.param("a: !!python/object/apply:os.system [true]", "could not determine a constructor", id="code"),
        pytest.param("\x00", "not readable as YAML", id="no text"),
    ],
)
def test_what_is_not_read_is_refused_with_the_reason(text: str, found: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse(text, "values.yaml")

    assert refused.value.file == "values.yaml"
    assert found in refused.value.found
    assert refused.value.accepted


def test_aliases_that_stand_for_little_are_fine() -> None:
    assert parse("a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]", "f") == [
        {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": [{"x": 1}, {"x": 1}]}
    ]


def test_json_with_tabs_is_json() -> None:
    assert parse(json.dumps({"rules": []}, indent="\t"), "policy.json") == [{"rules": []}]


def test_empty_documents_are_left_out() -> None:
    assert parse("---\na: 1\n---\n---\nb: 2\n", "f") == [{"a": 1}, {"b": 2}]
