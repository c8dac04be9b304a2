"""Values that every platform shares."""

from pathlib import Path

from logops.platforms import open_local
from logops.platforms.platform import ingester_urls
from tests.support.environments import environment


def test_ingester_urls_are_those_of_ingesters_and_single_binaries(tmp_path: Path) -> None:
    platform = open_local(environment("local"), tmp_path)
    urls = ingester_urls(platform)
    every = {name: url for cluster in ("main", "security") for name, url in platform.urls(cluster).items()}
    assert {name for name in every if "ingester" in name or "-all-" in name} == set(urls)
    assert len(urls) < len(every)
    assert all(urls[name] == every[name] for name in urls)
