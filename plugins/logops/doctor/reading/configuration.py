"""Recognise the configuration of a program, or a lifecycle policy, by its keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from logops.doctor.deployment import Location
from logops.doctor.reading.document_part import DocumentPart, RuntimeOverrides, tenant_limits
from logops.doctor.reading.expressions import read_expressions
from logops.doctor.reading.fluentbit import read_pipeline
from logops.doctor.reading.lifecycle import policy_rules, read_policy, read_template, template_policies
from logops.doctor.reading.loki import is_loki_config, read_loki_config
from logops.doctor.reading.promtail import is_promtail_config, read_promtail_config

ACCEPTED = (
    "a Loki configuration or runtime overrides, Helm values of Loki or Promtail, a Promtail or Fluent Bit"
    " configuration, a ConfigMap or Secret with one of these, an Azure lifecycle policy in JSON, ARM or Terraform, a"
    " file of rules, a dashboard of Grafana"
)


def read_configuration(document: Mapping[str, Any], name: str, location: Location) -> Iterable[DocumentPart] | None:
    """Return the parts of a program's configuration; None if its keys belong to no known program."""
    if policy := policy_rules(document):
        rules, keys_above = policy
        return read_policy(rules, location.at(*keys_above))
    if expressions := read_expressions(document, location):
        return expressions
    if any(template_policies(document)):
        return read_template(document, location)
    if is_promtail_config(document):
        return [read_promtail_config(document, name, location)]
    if isinstance(document.get("pipeline"), Mapping):
        return [read_pipeline(document["pipeline"], name, location.at("pipeline"))]
    if is_loki_config(document):
        return [read_loki_config(document, name, location)]
    if document.keys() <= {"overrides", "configs", "multi_kv_config"}:
        return [RuntimeOverrides(location.at("overrides"), tenant_limits(document.get("overrides")))]
    return None
