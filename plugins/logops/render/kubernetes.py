"""Render an environment on Kubernetes. Helm values and agents are not rendered yet. Pure."""

from functools import partial

from logops.environment.model import Environment
from logops.render.addresses import kubernetes_addresses
from logops.render.common import loki_texts, storage_texts, tenant_texts
from logops.render.files import Files
from logops.render.rules import rule_texts
from logops.rules.read import Rules
from logops.stages import Stage


def render_kubernetes(environment: Environment, rules: Rules) -> dict[Stage, Files]:
    """Return the files of the stages that can be rendered: all except `agents`."""
    return {
        "storage": Files(storage_texts(environment)),
        "loki": Files(loki_texts(environment, partial(kubernetes_addresses, environment))),
        "tenants": Files(tenant_texts(environment)),
        "rules": Files(rule_texts(environment, rules)),
    }
