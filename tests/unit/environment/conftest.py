from collections.abc import Callable
from pathlib import Path

import pytest

from logops.environment import EnvironmentFileError, parse_environment

ENVIRONMENTS = Path(__file__).parents[3] / "include" / "environments"
Problems = Callable[..., list[tuple[str, str, str]]]


@pytest.fixture
def local_text() -> str:
    return (ENVIRONMENTS / "local.yaml").read_text()


@pytest.fixture
def problems(local_text: str) -> Problems:
    """Return the problems of local.yaml after one edit, each as (path, found, allowed)."""

    def edited(old: str, new: str) -> list[tuple[str, str, str]]:
        assert old in local_text, f"local.yaml no longer has {old!r}"
        with pytest.raises(EnvironmentFileError) as caught:
            parse_environment(local_text.replace(old, new, 1), Path("edited.yaml"))
        return [(problem.path, problem.found, problem.allowed) for problem in caught.value.problems]

    return edited
