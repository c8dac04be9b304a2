"""Pods behind a headless service, and what a quality run says of agents that it cannot read."""

from logops.platforms.pods import pod_urls
from logops.platforms.remote import RemotePlatform
from logops.quality.context import agent_processes, unread_agents
from logops.quality.measured import Cost
from logops.quality.run import QualityResult
from tests.support.environments import environment
from tests.support.quality import AS_OF, context, healthy


def test_name_of_a_service_is_an_address_for_each_pod() -> None:
    assert pod_urls("nodes-main", "http://127.0.0.1:12345") == {"nodes-main-127.0.0.1": "http://127.0.0.1:12345"}


def test_name_that_does_not_resolve_is_read_itself_and_so_reported() -> None:
    assert pod_urls("nodes-main", "http://alloy.invalid:12345") == {"nodes-main": "http://alloy.invalid:12345"}


def test_agent_with_a_metrics_url_is_read_for_each_of_its_clusters() -> None:
    declared = environment("production", ("agents.nodes.metrics_url", "http://127.0.0.1:12345"))
    platform = RemotePlatform(declared)

    assert [dict(platform.agent_urls(cluster)) for cluster in ("main", "security")] == [
        {"nodes-main-127.0.0.1": "http://127.0.0.1:12345"},
        {"nodes-security-127.0.0.1": "http://127.0.0.1:12345"},
    ]


def test_agents_without_a_metrics_url_are_named_once_with_the_key_to_declare() -> None:
    declared = environment("production")
    result = QualityResult(AS_OF, 1800, (), (), Cost(0), unread_agents=tuple(unread_agents(declared)))

    assert result.notes == (
        "Not read: the counters of agents nodes, receivers. Lines that an agent drops or gives up are not found. "
        "Declare agents.nodes.metrics_url, agents.receivers.metrics_url: a headless service of the agent's pods.",
    )
    assert not result.failed


def test_local_environment_has_no_unread_agents() -> None:
    assert unread_agents(environment("local")) == []


def test_pod_that_does_not_answer_is_a_process_of_its_agent() -> None:
    run = context(
        healthy(),
        ("platform", {"kind": "kubernetes"}),
        ("approval.required", True),
        silent_processes={"promtail-main-10.0.0.7": "connection refused."},
    )

    assert agent_processes(run)["promtail-main-10.0.0.7"] == ("main", ("application",))
