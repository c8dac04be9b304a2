"""Containers as they are in the account."""

import pytest

from logops.platforms.local.storage import with_containers
from tests.support.environments import environment, rendered

TEXT = rendered(environment("local"))["storage"]["storage/main.yaml"]
ALL = ["loki-chunks", "loki-ruler", "system-logs"]


def test_an_account_with_every_container_is_as_wanted() -> None:
    assert with_containers(TEXT, ALL, "local") == TEXT


def test_a_container_that_is_missing_is_missing_in_the_text() -> None:
    assert with_containers(TEXT, ALL[1:], "local") == TEXT.replace("- loki-chunks\n", "", 1)


def test_a_container_that_the_environment_does_not_declare_is_not_its_business() -> None:
    assert with_containers(TEXT, [*ALL, "somebody-elses"], "local") == TEXT


@pytest.mark.parametrize("text", ["", "a: [", "- list\n", "containers: 3\n"])
def test_a_text_that_somebody_broke_is_left_as_it_is(text: str) -> None:
    assert with_containers(text, [], "local") == text
