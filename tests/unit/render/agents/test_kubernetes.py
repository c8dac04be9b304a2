import pytest

from logops.render import PlacementError
from logops.render.agents.kubernetes import kubernetes_agent_texts
from tests.support.environments import environment
from tests.support.every_source import SOURCES


def test_each_agent_has_a_file_in_its_own_format() -> None:
    sources = {**SOURCES, "audit": {**SOURCES["worker"], "cluster": "security", "tenant": "security-team"}}
    declared = environment(
        "production",
        ("sources", sources),
        (
            "agents",
            {
                "nodes": {"kind": "alloy", "sources": ["pods"]},
                "edge": {"kind": "fluent-bit", "sources": ["nginx"]},
                "old": {"kind": "promtail", "sources": ["worker", "audit"]},
            },
        ),
    )

    texts = kubernetes_agent_texts(declared)

    assert list(texts) == ["agents/nodes.alloy", "agents/edge.yaml", "agents/old-main.yaml", "agents/old-security.yaml"]
    assert "job_name: audit" in texts["agents/old-security.yaml"]
    assert "job_name: audit" not in texts["agents/old-main.yaml"]


def test_rules_for_secrets_are_a_file_if_an_agent_redacts_secrets() -> None:
    redacting = environment("production", ("agents.nodes.redact_secrets", True))

    assert kubernetes_agent_texts(redacting, "rules")["agents/secrets/rules.toml"] == "rules"
    assert "agents/secrets/rules.toml" not in kubernetes_agent_texts(environment("production"), "rules")


def test_agents_push_to_the_distributors_or_to_the_gateway() -> None:
    inside = environment("production", ("clusters.main.gateway", None))
    outside = environment("production", ("clusters.main.gateway.host", "logs.example.com"))

    assert (
        "http://loki-main-distributor.monitoring.svc:3100/loki" in kubernetes_agent_texts(inside)["agents/nodes.alloy"]
    )
    assert "https://logs.example.com/loki/api/v1/push" in kubernetes_agent_texts(outside)["agents/nodes.alloy"]


def test_syslog_source_without_port_is_refused_with_path_and_advice() -> None:
    declared = environment("production", ("sources.syslog.port", None))

    with pytest.raises(PlacementError) as refused:
        kubernetes_agent_texts(declared)

    assert str(refused.value) == (
        "sources.syslog.port: agent receivers needs a port on Kubernetes, and none is set. Set port, for example 1514"
    )
