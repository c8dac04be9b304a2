"""Tests of the key tables: Loki does not know removed keys, and knows deprecated keys and replacements."""

import pytest

from logops.doctor.keys.known import hint, known_keys, unknown_paths
from logops.doctor.keys.retired import DEPRECATED, REMOVED, find_deprecated, find_removed


def is_known(path: str) -> bool:
    keys = known_keys("loki")
    for key in path.split("."):
        if keys is None or key not in keys:
            return False
        keys = keys[key]
    return True


@pytest.mark.parametrize("path", [path for path in REMOVED if "*" not in path])
def test_removed_key_is_unknown_to_loki(path: str) -> None:
    assert not is_known(path)
    assert find_removed(path) is not None


@pytest.mark.parametrize("path", [path for path in DEPRECATED if "*" not in path])
def test_deprecated_key_is_known_to_loki(path: str) -> None:
    assert is_known(path)
    assert find_deprecated(path) is not None


@pytest.mark.parametrize("path", sorted({end.replacement for end in (*REMOVED.values(), *DEPRECATED.values())} - {""}))
def test_replacement_key_is_known_to_loki(path: str) -> None:
    assert is_known(path)


@pytest.mark.parametrize("path", ["limits_config.retention_period", "compactor.delete_request_store", "server"])
def test_current_key_is_neither_removed_nor_deprecated(path: str) -> None:
    assert (find_removed(path), find_deprecated(path)) == (None, None)


def test_user_defined_names_are_accepted_as_keys() -> None:
    config = {"ruler": {"remote_write": {"clients": {"mimir": {"url": "http://x"}}}, "external_labels": {"site": "x"}}}

    assert list(unknown_paths(config, known_keys("loki"))) == []


def test_unknown_key_in_list_has_its_index_in_the_path() -> None:
    config = {"limits_config": {"retention_stream": [{}, {"perid": "1d"}]}}

    assert [path for path, _ in unknown_paths(config, known_keys("loki"))] == [
        ("limits_config", "retention_stream", 1, "perid")
    ]


def test_keys_below_free_form_key_are_not_checked() -> None:
    assert list(unknown_paths({"limits_config": {"ruler_remote_write_headers": {"X": "y"}}}, known_keys("loki"))) == []


def test_hint_for_key_without_similar_key_is_to_remove_it() -> None:
    assert hint(("zzzzzz",), known_keys("loki"), "loki") == "Remove it."


def test_hint_for_key_of_a_nested_section_names_that_section() -> None:
    path = ("ingester", "ring")

    assert hint(path, known_keys("loki")["ingester"], "loki") == "It belongs in ingester.lifecycler."
