"""The tables of keys: what is removed is unknown, what is deprecated or a replacement is known."""

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
def test_a_removed_key_is_one_that_loki_does_not_know(path: str) -> None:
    assert not is_known(path)
    assert find_removed(path) is not None


@pytest.mark.parametrize("path", [path for path in DEPRECATED if "*" not in path])
def test_a_deprecated_key_is_one_that_loki_still_knows(path: str) -> None:
    assert is_known(path)
    assert find_deprecated(path) is not None


@pytest.mark.parametrize("path", sorted({end.replacement for end in (*REMOVED.values(), *DEPRECATED.values())} - {""}))
def test_a_replacement_is_one_that_loki_knows(path: str) -> None:
    assert is_known(path)


@pytest.mark.parametrize("path", ["limits_config.retention_period", "compactor.delete_request_store", "server"])
def test_a_key_that_stays_is_neither(path: str) -> None:
    assert (find_removed(path), find_deprecated(path)) == (None, None)


def test_names_that_the_user_chooses_are_known() -> None:
    config = {"ruler": {"remote_write": {"clients": {"mimir": {"url": "http://x"}}}, "external_labels": {"site": "x"}}}

    assert list(unknown_paths(config, known_keys("loki"))) == []


def test_unknown_keys_in_lists_have_their_number() -> None:
    config = {"limits_config": {"retention_stream": [{}, {"perid": "1d"}]}}

    assert [path for path, _ in unknown_paths(config, known_keys("loki"))] == [
        ("limits_config", "retention_stream", 1, "perid")
    ]


def test_nothing_is_said_of_what_stands_under_a_key_of_any_value() -> None:
    assert list(unknown_paths({"limits_config": {"ruler_remote_write_headers": {"X": "y"}}}, known_keys("loki"))) == []


def test_what_nobody_ever_meant_is_to_be_removed() -> None:
    assert hint(("zzzzzz",), known_keys("loki"), "loki") == "Remove it."


def test_a_key_that_is_known_deeper_in_its_section_belongs_there() -> None:
    path = ("ingester", "ring")

    assert hint(path, known_keys("loki")["ingester"], "loki") == "It belongs in ingester.lifecycler."
