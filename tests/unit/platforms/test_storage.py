"""The containers that exist in a storage account."""

import pytest

from logops.platforms.local.storage import with_containers
from tests.support.environments import environment, rendered

TEXT = rendered(environment("local"))["storage"]["storage/main.yaml"]
ALL = ["loki-chunks", "loki-ruler", "system-logs"]


def test_account_text_with_all_containers_is_unchanged() -> None:
    assert with_containers(TEXT, ALL, "local") == TEXT


def test_missing_container_is_removed_from_account_text() -> None:
    assert with_containers(TEXT, ALL[1:], "local") == TEXT.replace("- loki-chunks\n", "", 1)


def test_undeclared_container_is_ignored() -> None:
    assert with_containers(TEXT, [*ALL, "somebody-elses"], "local") == TEXT


@pytest.mark.parametrize("text", ["", "a: [", "- list\n", "containers: 3\n"])
def test_invalid_account_text_is_returned_unchanged(text: str) -> None:
    assert with_containers(text, [], "local") == text
