"""Render an environment on Kubernetes. Helm values are not rendered yet. Pure."""

from functools import partial

from logops.environment.model import Environment
from logops.render.addresses import kubernetes_addresses
from logops.render.agents.kubernetes import kubernetes_agent_texts
from logops.render.common import loki_texts, storage_texts, tenant_texts
from logops.render.files import Files
from logops.render.prometheus import prometheus_rule_manifests
from logops.render.rules import rule_texts
from logops.rules.prometheus import PrometheusRules
from logops.rules.read import Rules
from logops.stages import Stage


def render_kubernetes(
    environment: Environment, rules: Rules, prometheus_rules: PrometheusRules, secret_rules: str
) -> dict[Stage, Files]:
    """Return the files of each stage.

    secret_rules   text of the rules file for agents that redact secrets

    Raises as `kubernetes_agent_texts` does.
    """
    return {
        "storage": Files({**storage_texts(environment), **_prometheus_texts(environment, prometheus_rules)}),
        "loki": Files(loki_texts(environment, partial(kubernetes_addresses, environment))),
        "agents": Files(kubernetes_agent_texts(environment, secret_rules)),
        "tenants": Files(tenant_texts(environment)),
        "rules": Files(rule_texts(environment, rules)),
    }


def _prometheus_texts(environment: Environment, rules: PrometheusRules) -> dict[str, str]:
    return {
        f"storage/prometheus/rules/{name}": text for name, text in prometheus_rule_manifests(environment, rules).items()
    }
