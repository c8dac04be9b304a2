from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from logops.render.files import Files, digest_of, to_yaml

# Characters that could imitate a length or a separator in the digest.
text = st.text("1:2a\n", max_size=4)
texts = st.dictionaries(text, text, max_size=3)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"))
data = st.dictionaries(
    st.text("abc_", min_size=1),
    st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc_"), inner), max_leaves=10),
)


@given(texts, texts)
def test_digest_changes_exactly_if_a_name_or_text_changes(first: dict[str, str], second: dict[str, str]) -> None:
    assert (Files(first).digest == Files(second).digest) == (first == second)


@given(texts, texts)
def test_files_are_equal_exactly_if_their_content_is_equal(first: dict[str, str], second: dict[str, str]) -> None:
    assert (Files(first) == Files(second)) == (first == second)


@given(texts)
def test_files_are_sorted_by_name(given_texts: dict[str, str]) -> None:
    backwards = Files(dict(reversed(given_texts.items())))

    assert list(backwards) == sorted(given_texts)
    assert backwards.digest == Files(given_texts).digest


@given(st.lists(text, max_size=4), st.lists(text, max_size=4))
def test_digests_of_different_lists_of_texts_differ(first: list[str], second: list[str]) -> None:
    assert (digest_of(*first) == digest_of(*second)) == (first == second)


def test_digest_is_sha_256_of_lengths_and_texts() -> None:
    # printf '3:abc' | sha256sum
    assert digest_of("abc") == "aab5f9ae99b2e38fb462025c8f72f570c9c811705d2a4277dc855d7fa293fe97"


@given(data)
def test_rendered_yaml_keeps_data_and_order(written: dict[str, Any]) -> None:
    read = yaml.safe_load(to_yaml("local", written))

    assert read == written
    assert list(read) == list(written)


def test_rendered_yaml_has_no_aliases() -> None:
    shared = {"backend": "azure"}

    assert yaml.safe_load(to_yaml("local", {"a": shared, "b": shared})) == {"a": shared, "b": shared}
    assert "&" not in to_yaml("local", {"a": shared, "b": shared})


def test_rendered_yaml_header_names_logops_and_the_environment() -> None:
    assert to_yaml("local", {}).splitlines()[0] == (
        "# Rendered by logops from the environment 'local'. Edits are drift: change the environment file instead."
    )


def test_unknown_file_name_raises_key_error() -> None:
    with pytest.raises(KeyError):
        Files({})["loki/main.yaml"]
