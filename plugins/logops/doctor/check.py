"""Check a deployment with every rule."""

from collections.abc import Mapping
from datetime import datetime

from logops.diagnostics.model import Lines
from logops.doctor.deployment import Deployment, Location
from logops.doctor.reading.offsets import offset_of
from logops.doctor.rules.access import agent_without_tenant, gateway_open, tenants_without_auth
from logops.doctor.rules.agents import (
    agent_end_of_life,
    agent_port_wrong,
    agent_position_lost,
    drop_too_broad,
    high_cardinality_label,
    path_matches_nothing,
    pipeline_stage_useless,
    pod_lines_unparsed,
    source_shipped_twice,
)
from logops.doctor.rules.cluster import (
    directory_off_volume,
    directory_relative,
    directory_unset,
    query_queue_bypassed,
    replication_above_ingesters,
    ring_unreachable,
    wal_not_persistent,
)
from logops.doctor.rules.helm import component_missing, helm_key_ignored, helm_values_refused
from logops.doctor.rules.keys import (
    agent_keys_unknown,
    keys_deprecated,
    keys_removed,
    keys_unknown,
    overrides_unknown,
)
from logops.doctor.rules.lifecycle import (
    early_deletion_fee,
    lifecycle_not_applied,
    lifecycle_on_live_chunks,
    lifecycle_touches_index,
)
from logops.doctor.rules.lifecycle_limits import lifecycle_policy_refused
from logops.doctor.rules.lifecycle_promise import lifecycle_against_promise
from logops.doctor.rules.limits import limits_contradict, value_refused
from logops.doctor.rules.loki4 import expression_breaks, loki_4_incompatible
from logops.doctor.rules.retention import (
    delete_store_missing,
    retention_not_enabled,
    retention_short,
    retention_unlimited,
    stream_retention_refused,
)
from logops.doctor.rules.rule import Rule, RuleFinding
from logops.doctor.rules.schema import schema_missing, schema_outdated, structured_metadata_unsupported
from logops.doctor.rules.storage import security_data_shared, storage_account_missing
from logops.doctor.rules.unreadable import unreadable_parts
from logops.doctor.rules.variables import loki_variable_not_expanded, variable_not_expanded
from logops.findings import Finding, Subject

RULES: tuple[Rule, ...] = (
    retention_short,
    retention_not_enabled,
    retention_unlimited,
    stream_retention_refused,
    delete_store_missing,
    lifecycle_on_live_chunks,
    lifecycle_touches_index,
    lifecycle_against_promise,
    lifecycle_not_applied,
    lifecycle_policy_refused,
    early_deletion_fee,
    replication_above_ingesters,
    wal_not_persistent,
    directory_off_volume,
    directory_relative,
    directory_unset,
    ring_unreachable,
    query_queue_bypassed,
    storage_account_missing,
    component_missing,
    tenants_without_auth,
    agent_without_tenant,
    gateway_open,
    security_data_shared,
    limits_contradict,
    schema_missing,
    structured_metadata_unsupported,
    schema_outdated,
    keys_removed,
    keys_deprecated,
    keys_unknown,
    overrides_unknown,
    loki_4_incompatible,
    expression_breaks,
    agent_keys_unknown,
    value_refused,
    helm_key_ignored,
    helm_values_refused,
    high_cardinality_label,
    agent_end_of_life,
    agent_position_lost,
    agent_port_wrong,
    variable_not_expanded,
    loki_variable_not_expanded,
    drop_too_broad,
    pipeline_stage_useless,
    pod_lines_unparsed,
    path_matches_nothing,
    source_shipped_twice,
    unreadable_parts,
)


def check(deployment: Deployment, as_of: datetime) -> list[Finding]:
    """Return every finding of a deployment at `as_of` (time zone UTC): worst first, then by file and path.

    The subject of a finding has the path in the user's file. Its evidence has the name of the file, and the line and
    the column if the deployment has the file's text: of the key, or of the nearest key above a key that is not set.
    A finding that two rules report at the same location is returned once.
    """
    lines = {file: Lines(text) for file, text in deployment.texts.items()}
    findings = [_finding(deployment, result, as_of, lines) for rule in RULES for result in rule(deployment, as_of)]
    unique = {(finding.identity, finding.evidence["file"]): finding for finding in reversed(findings)}
    return sorted(unique.values(), key=lambda f: (-f.cls.severity.rank, str(f.evidence["file"]), f.subject, f.cls.name))


def _finding(deployment: Deployment, result: RuleFinding, as_of: datetime, lines: Mapping[str, Lines]) -> Finding:
    return Finding(
        cls=result.cls,
        subject=Subject(
            environment=deployment.environment,
            cluster=result.cluster,
            tenant=result.tenant,
            source=result.source,
            path=result.location.path,
        ),
        message=result.message,
        as_of=as_of,
        evidence={"file": result.location.file, **_position(deployment, result.location, lines), **result.evidence},
        remedy=result.remedy,
    )


def _position(deployment: Deployment, location: Location, lines: Mapping[str, Lines]) -> dict[str, int]:
    if location.file not in deployment.texts:
        return {}
    offset = offset_of(deployment.texts[location.file], location.path, location.document)
    position = lines[location.file].position(offset)
    return {"line": position.line, "column": position.column}
