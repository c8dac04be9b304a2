import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logops.environment.strict_yaml import YamlError, read_yaml

BILLION_LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@given(st.text())
def test_read_yaml_parses_or_refuses_any_text(text: str) -> None:
    with contextlib.suppress(YamlError):
        read_yaml(text)


@given(st.text("ab:-?&*!|>[]{}'\"#,\n \t0.~<=", max_size=40))
def test_read_yaml_parses_or_refuses_any_punctuation(text: str) -> None:
    with contextlib.suppress(YamlError):
        read_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is a duplicate"),
        ("x:\n  a: 1\n  'a': 3", "line 3: the key 'a' is a duplicate"),
        ("1: a\n'1': b", "line 2: the key '1' is a duplicate"),
        (BILLION_LAUGHS, "line 2: aliases"),
        ("a: &a 1\nb:\n  <<: *a", "line 3: aliases"),
        ("a: !!python/object/apply:os.system [ls]", "line 1: tags"),
        ("a: !!timestamp x", "line 1: tags"),
        ("? [a, b]\n: c", "line 1: a key must be a text"),
        ("{a: 1}: c", "line 1: a key must be a text"),
        ("[" * 5000, "nested too deep"),
        ("a: " + "9" * 5000, "a number cannot be read"),
        ("a: 0x_", "a number cannot be read"),
        ("a: [", "line 1, column 5: expected the node content"),
        ("a: 1\n\tb: 2", "line 2, column 1: found character '\\t' that cannot start any token"),
        ("--- a\n--- b", "line 2, column 1: but found another document"),
        ("a: \x00", "unacceptable character"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_refused_yaml_is_reported_with_its_line(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)

    assert message in str(caught.value)


@pytest.mark.parametrize("text", ['key: "hunter2 \\q"', "key: hunter2: x", "key: hunter2\n  more: x", "key: [hunter2"])
def test_refused_yaml_is_reported_without_the_text_of_the_line(text: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)

    assert "hunter2" not in f"{caught.value} {caught.value!r}"
    assert "line" in str(caught.value)


def test_yaml_key_stays_the_text_as_written() -> None:
    assert read_yaml("no: 1\n1.10: 2\nnull: 3\n007: 4\n2024-01-01: 5\n<<: 6") == {
        "no": 1, "1.10": 2, "null": 3, "007": 4, "2024-01-01": 5, "<<": 6,
    }  # fmt: skip


def test_yaml_date_stays_text() -> None:
    assert read_yaml("from: 2024-13-01") == {"from": "2024-13-01"}


def test_yaml_anchor_without_alias_is_accepted() -> None:
    assert read_yaml("a: &a 1") == {"a": 1}
