"""Quality runs against a Loki that refuses every query and names fields of lines in its reason."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from logops.environment import Environment
from logops.quality.measured import Cost, Measured, SourceMeasure
from logops.quality.other_tenants import find_other_tenants
from logops.quality.request import QualityRequest
from logops.quality.run import run_quality
from tests.support.environments import environment
from tests.support.http_servers import http_server

MARK = "field-of-a-line"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""Has the form of a token, and opens nothing."""
REASON = f"pipeline error: 'JSONParserErr' for series: '{{message=\"{MARK}\", session=\"{TOKEN}\"}}'"


class RefusingPlatform:
    """A platform whose clusters all have the same Loki."""

    def __init__(self, environment: Environment, url: str) -> None:
        self.environment = environment
        self._url = url

    def read_url(self, cluster: str) -> str:
        return self._url

    def urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def salt_secret(self) -> None:
        """There is none."""

    def distributor_urls(self, cluster: str) -> Mapping[str, str]:
        return {}

    def agent_urls(self, cluster: str) -> Mapping[str, str]:
        return {}


@pytest.mark.parametrize(("data", "is_shown"), [("standard", True), ("security", False)])
def test_reason_of_refused_query_is_masked_and_never_shown_for_security_cluster(data: str, is_shown: bool) -> None:
    declared = environment("local", ("clusters.main.data", data), ("clusters.security.data", data))
    request = QualityRequest("run", datetime.now(UTC), 600, 60, 100, 2**30, reads_counters=False)
    answer = json.dumps({"status": "error", "message": REASON}).encode()
    with http_server([(400, answer)]) as loki:
        result = run_quality(RefusingPlatform(declared, loki.url), request, None, lambda _: None)  # type: ignore[arg-type]
    text = json.dumps(result.to_dict())

    assert "Loki answered 400" in text
    assert (MARK in text) is is_shown
    assert TOKEN not in text


def test_search_in_other_tenants_that_loki_refuses_is_said_without_its_reason() -> None:
    declared = environment("local")
    request = QualityRequest("run", datetime.now(UTC), 600, 60, 100, 2**30)
    measured = Measured({name: SourceMeasure() for name in declared.sources}, Cost(2**30))
    answer = json.dumps({"status": "error", "message": REASON}).encode()
    said: list[str] = []
    with http_server([(400, answer)]) as loki:
        platform = RefusingPlatform(declared, loki.url)
        find_other_tenants(platform, request, ["application"], measured, said.append)  # type: ignore[arg-type]

    assert measured.sources["application"].arrives_in == []
    assert said == [
        "looking for the lines of silent sources in the other tenants of cluster main",
        "not all tenants of cluster main were searched: Loki did not list streams",
    ]
