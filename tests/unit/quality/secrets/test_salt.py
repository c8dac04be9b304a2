"""The salt of hashes: which hashes can be compared."""

from logops.quality.secrets.match import Salt


def test_salt_of_environment_gives_equal_hashes_in_two_runs() -> None:
    first, second = (Salt.of_environment("secret of the tests", "production") for _ in range(2))
    assert first.hash(b"value") == second.hash(b"value")


def test_salts_of_two_environments_give_different_hashes() -> None:
    first, second = (Salt.of_environment("secret of the tests", name) for name in ("production", "staging"))
    assert first.hash(b"value") != second.hash(b"value")


def test_salts_of_two_runs_without_secret_give_different_hashes() -> None:
    assert Salt.of_this_run().hash(b"value") != Salt.of_this_run().hash(b"value")


def test_only_salt_of_environment_is_kept() -> None:
    assert (Salt.of_environment("s", "e").is_kept, Salt.of_this_run().is_kept) == (True, False)
