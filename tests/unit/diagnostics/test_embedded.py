"""Offsets of embedded texts: each character of a YAML value is found again in the file."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from logops.diagnostics.embedded import EmbeddedText, documents, scalar, whole

TEXTS = st.text(st.sampled_from("ab\"'\\ \n#:{}|=é日😀\t"), max_size=40)
STYLES = st.sampled_from([None, '"', "'", "|", ">"])


def only_value(text: str) -> EmbeddedText:
    (node,) = documents(text)
    return scalar(text, node.value[0][1])


@given(TEXTS, STYLES, st.integers(20, 60))
def test_every_character_of_a_value_is_found_in_the_file(value: str, style: str | None, width: int) -> None:
    text = yaml.dump({"key": value}, default_style=style, width=width, allow_unicode=True)
    embedded = only_value(text)

    assert embedded.text == value
    assert embedded.styles != ("unknown",)
    for index, character in enumerate(value):
        if not character.isspace() and character not in "\"'\\":
            assert text[slice(*embedded.span((index, index + 1)))] in (character, escaped(character))


def escaped(character: str) -> str:
    """Return the form that PyYAML uses outside of the basic plane."""
    return f"\\U{ord(character):08X}" if ord(character) > 0xFFFF else f"\\u{ord(character):04X}"


@given(TEXTS)
def test_every_character_of_a_json_value_is_found_in_the_file(value: str) -> None:
    text = json.dumps({"key": value}, ensure_ascii=False, indent="\t")
    embedded = only_value(text)

    assert json.loads(f'"{text[slice(*embedded.span((0, len(value))))]}"') == value


@given(TEXTS)
def test_value_after_escaped_json_is_found_at_its_place(value: str) -> None:
    text = json.dumps({"before": value, "key": "two"})
    embedded = scalar(text, documents(text)[0].value[1][1])

    assert text[slice(*embedded.span((0, 3)))] == "two"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("key: one two\n", "two"),
        ("key: one\n  two\n", "two"),
        ("key: 'it''s two'\n", "two"),
        ('key: "\\"one\\" two"\n', "two"),
        ('key: "one \\\n  two"\n', "two"),
        ("key: |\n  one\n  two\n", "two"),
        ("key: >-  # why\n  one\n  two\n", "two"),
        ("a: é\nkey: |\r\n  one\r\n  two\r\n", "two"),
    ],
)
def test_word_of_a_value_is_found_at_its_place(text: str, word: str) -> None:
    node = documents(text)[0].value[-1][1]
    embedded = scalar(text, node)
    start = embedded.text.index(word)

    assert embedded.span((start, start + len(word))) == (text.index(word), text.index(word) + len(word))


def test_text_in_an_embedded_text_has_offsets_of_the_file() -> None:
    text = 'data:\n  loki.yaml: |\n    a: 1\n    query: "\\"x\\" two"\n'
    (outer,) = documents(text)
    config = scalar(text, outer.value[0][1].value[0][1])
    (inner,) = documents(config.text)
    query = config.inner(scalar(config.text, inner.value[1][1]))
    start = query.text.index("two")

    assert text[slice(*query.span((start, start + 3)))] == "two"
    assert query.span((start, start + 3))[0] == text.index("two")


def test_offsets_of_a_whole_text_are_its_indexes() -> None:
    assert whole("abc").span((1, 3)) == (1, 3)
