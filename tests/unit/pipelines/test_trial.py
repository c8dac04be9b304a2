"""Tests of trying a pipeline with sample lines."""

from logops.pipelines.line import Entry
from logops.pipelines.trial import try_pipeline
from tests.support.environments import environment

NOW = 1_764_331_200 * 10**9


def test_pod_line_has_the_labels_that_the_path_of_its_file_gives() -> None:
    file = "/var/log/pods/shop_cart-7d9f_0a1b/web/0.log"
    trial = try_pipeline(environment("production"), "pods", b"2025-11-28T12:00:00Z stdout F hello\n", file, NOW)

    (entry,) = trial.outcomes
    assert isinstance(entry, Entry)
    assert entry.labels == {
        "job": "kubernetes-pods", "filename": file, "namespace": "shop", "container": "web", "stream": "stdout",
    }  # fmt: skip
    assert entry.structured_metadata == {"pod": "cart-7d9f"}


def test_rate_limit_is_not_tried() -> None:
    limit = {"lines_per_second": 1, "burst": 1}
    trial = try_pipeline(
        environment("local", ("sources.syslog.parse", {"rate_limit": limit})), "syslog", b"a\nb\nc", "", NOW
    )

    assert len(trial.outcomes) == 3
    assert trial.rate_limit is not None


def test_agent_that_archives_raw_lines_is_not_the_agent_of_a_trial() -> None:
    raw = {"kind": "fluent-bit", "sources": ["syslog"], "archive": {"storage_account": "main", "container": "raw"}}

    assert try_pipeline(environment("local", ("agents.a", raw)), "syslog", b"x", "", NOW).agent == "promtail"
