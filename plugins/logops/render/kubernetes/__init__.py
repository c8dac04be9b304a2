"""Render an environment on Kubernetes: Helm releases, secrets by reference, and objects that no chart makes. Pure.

The files of a stage:

    STAGE/helm/RELEASE/{release,values}.yaml   a Helm release (release.py)
    STAGE/secrets/NAME.yaml                    where a secret's values come from (secret.py)
    storage/terraform/                         storage accounts that Terraform manages
    STAGE/manifests/NAME.yaml                  an object of Kubernetes
    loki/CLUSTER.yaml, agents/..., ...         what the programs read, as on the local platform. Values and objects
                                               contain it; plans and checks read it here
"""

from functools import partial

from logops.environment.model import Environment
from logops.render.addresses import TENANTS_FILE, kubernetes_addresses
from logops.render.common import loki_texts, storage_texts, tenant_texts
from logops.render.files import Files, to_yaml
from logops.render.kubernetes.agents import agent_texts
from logops.render.kubernetes.alertmanager import alertmanager_texts
from logops.render.kubernetes.loki import loki_release, loki_release_name, loki_secrets, tenants_object_name
from logops.render.kubernetes.manifest import manifest
from logops.render.kubernetes.metrics import metrics_texts
from logops.render.kubernetes.monitors import rule_texts as prometheus_texts
from logops.render.kubernetes.network import network_texts
from logops.render.kubernetes.release import Release, releases
from logops.render.kubernetes.secret import SecretSource, secret_sources
from logops.render.kubernetes.values import BaseValues
from logops.render.rules import rule_texts
from logops.render.storage import azure_account_state, terraform_texts
from logops.rules.prometheus import PrometheusRules
from logops.rules.read import Rules
from logops.stages import Stage

__all__ = ["BaseValues", "Release", "SecretSource", "releases", "render_kubernetes", "secret_sources"]


def render_kubernetes(
    environment: Environment,
    rules: Rules,
    prometheus_rules: PrometheusRules,
    secret_rules: str,
    base_values: BaseValues,
    terraform_module: str,
) -> dict[Stage, Files]:
    """Return the files of each stage.

    secret_rules       text of the rules file for agents that redact secrets
    base_values        the values of include/helm, by chart
    terraform_module   text of the module for storage accounts in include/terraform

    Raises as `agent_texts` and `loki_release` do.
    """
    return {
        "storage": Files(
            {
                **storage_texts(environment, azure_account_state),
                **terraform_texts(environment, terraform_module),
                **prometheus_texts(environment, prometheus_rules),
                **alertmanager_texts(environment, base_values),
                **metrics_texts(environment),
            }
        ),
        "loki": Files(
            {
                **loki_texts(environment, partial(kubernetes_addresses, environment)),
                **_loki_release_texts(environment, base_values),
            }
        ),
        "agents": Files(agent_texts(environment, secret_rules, base_values)),
        "tenants": Files({**tenant_texts(environment), **_tenants_manifests(environment)}),
        "rules": Files(rule_texts(environment, rules)),
    }


def _loki_release_texts(environment: Environment, base_values: BaseValues) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name in environment.clusters:
        texts |= loki_release(environment, name, base_values).texts(environment.name, "loki")
        texts |= network_texts(environment, name, loki_release_name(name))
        for secret in loki_secrets(environment, name):
            texts |= secret.texts(environment.name, "loki")
    return texts


def _tenants_manifests(environment: Environment) -> dict[str, str]:
    """Return the ConfigMaps with the tenants' overrides. Pods see a change without a restart."""
    texts = tenant_texts(environment)
    return {
        f"tenants/manifests/{tenants_object_name(name)}.yaml": to_yaml(
            environment.name,
            manifest(
                "v1",
                "ConfigMap",
                tenants_object_name(name),
                environment.namespace(name),
                {"data": {TENANTS_FILE: texts[f"tenants/{name}.yaml"]}},
            ),
        )
        for name in environment.clusters
    }
