"""The salt of hashes: which hashes can be compared."""

import pytest

from logops.quality.secrets.errors import SaltError
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
    assert (Salt.of_environment("secret of the tests", "e").is_kept, Salt.of_this_run().is_kept) == (True, False)


def test_short_secret_is_refused_with_what_to_do_and_without_the_secret() -> None:
    with pytest.raises(SaltError) as refused:
        Salt.of_environment("Tr0ub4dor&3", "production")
    assert str(refused.value) == (
        "quality.salt of 'production': the secret has 11 characters. At least 16 are needed: it must not be guessed. "
        "Use random text: `openssl rand -hex 32`."
    )
