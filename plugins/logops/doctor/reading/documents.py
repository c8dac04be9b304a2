"""Read a user's files into one deployment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from logops.doctor.deployment import (
    Agent,
    Cluster,
    Deployment,
    LifecycleRule,
    Location,
    RetentionPromise,
    UnreadablePart,
)
from logops.doctor.keys.known import known_keys
from logops.doctor.reading.document_part import DocumentPart, RuntimeOverrides, tenant_limits
from logops.doctor.reading.fluentbit import is_classic, read_classic, read_pipeline
from logops.doctor.reading.lifecycle import policy_rules, read_policy
from logops.doctor.reading.loki import is_loki_config, read_loki_config, read_loki_values
from logops.doctor.reading.promtail import (
    PROMTAIL_VALUES,
    is_promtail_config,
    read_promtail_config,
    read_promtail_values,
)
from logops.doctor.reading.safe_yaml import MAX_BYTES, DocumentError, parse
from logops.doctor.reading.terraform import is_terraform, read_terraform
from logops.doctor.untyped import as_mapping
from logops.number_text import size_text
from logops.suggestions import CERTAIN, did_you_mean

ACCEPTED = (
    "a Loki configuration or runtime overrides, Helm values of Loki or Promtail, a Promtail or Fluent Bit"
    " configuration, a ConfigMap with one of these, an Azure lifecycle policy in JSON or Terraform"
)


def read_documents(paths: Iterable[Path], promise: RetentionPromise | None = None) -> Deployment:
    """Return the deployment in files that belong together.

    promise   the retention that was promised to the owners of the logs

    Raises DocumentError with the file, what was found in it and what is accepted.
    """
    return read_texts({str(path): read_file(path) for path in paths}, promise)


def read_texts(texts: Mapping[str, str], promise: RetentionPromise | None = None) -> Deployment:
    """Return the deployment in texts by file name. Otherwise like read_documents."""
    parts = [part for file, text in texts.items() for part in _parts(text, file)]
    clusters = [replace(part, promise=promise) for part in parts if isinstance(part, Cluster)]
    return Deployment(
        clusters=tuple(_with_overrides(clusters, [part for part in parts if isinstance(part, RuntimeOverrides)])),
        lifecycle=tuple(part for part in parts if isinstance(part, LifecycleRule)),
        agents=tuple(sorted((part for part in parts if isinstance(part, Agent)), key=lambda agent: agent.name)),
        unreadable=tuple(part for part in parts if isinstance(part, UnreadablePart)),
        texts=texts,
    )


def read_file(path: Path) -> str:
    """Return the text of a file. Raises DocumentError if it cannot be read or is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError(str(path), "the file is too large", f"at most {size_text(MAX_BYTES)}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(str(path), f"cannot be read: {error}", "a UTF-8 text file") from None


def _parts(text: str, file: str) -> Iterator[DocumentPart]:
    name = Path(file).stem
    if is_terraform(text):
        rules = list(read_terraform(text, file))
        yield from rules or [UnreadablePart(Location(file), "no lifecycle policy among the Terraform resources")]
        return
    if is_classic(text) and "apiVersion:" not in text:
        yield read_classic(text, name, Location(file))
        return
    documents = parse(text, file)
    if not documents:
        raise DocumentError(file, "empty", ACCEPTED)
    for number, document in enumerate(documents):
        if not isinstance(document, Mapping):
            raise DocumentError(file, f"contains a {type(document).__name__}, not keys and values", ACCEPTED)
        document_name = str(as_mapping(document.get("metadata")).get("name", name))
        unique_name = document_name if len(documents) == 1 else f"{document_name}-{number}"
        yield from _document_parts(document, unique_name, Location(file, document=number))


def _document_parts(document: Mapping[str, Any], name: str, location: Location) -> Iterator[DocumentPart]:
    if document.get("kind") == "ConfigMap":
        yield from _config_map(document, name, location)
    elif "apiVersion" in document and "kind" in document:
        yield UnreadablePart(location, f"a Kubernetes {document['kind']}: only ConfigMaps are checked")
    elif isinstance(document.get("loki"), Mapping):
        yield from read_loki_values(document, name, location)
    elif PROMTAIL_VALUES & as_mapping(document.get("config")).keys():
        yield from read_promtail_values(document, name, location)
    elif parts := _configuration(document, name, location):
        yield from parts
    else:
        raise DocumentError(location.file, f"unknown kind of file, with {_listed(document)}", ACCEPTED)


def _listed(document: Mapping[str, Any]) -> str:
    """Return the keys of a file of unknown kind for a message, each with the section that may be meant."""
    sections = {*known_keys("loki"), *known_keys("promtail"), "overrides", "loki"}
    hints = {key: did_you_mean(key, sections - {key}, CERTAIN).strip() for key in sorted(map(str, document))[:8]}
    return "the keys " + ", ".join(f"{key} ({hint})" if hint else key for key, hint in hints.items())


def _configuration(document: Mapping[str, Any], name: str, location: Location) -> Iterable[DocumentPart] | None:
    """Return the parts of a program's configuration; None if its keys belong to no known program."""
    if policy := policy_rules(document):
        rules, keys_above = policy
        return read_policy(rules, location.at(*keys_above))
    if is_promtail_config(document):
        return [read_promtail_config(document, name, location)]
    if isinstance(document.get("pipeline"), Mapping):
        return [read_pipeline(document["pipeline"], name, location.at("pipeline"))]
    if is_loki_config(document):
        return [read_loki_config(document, name, location)]
    if document.keys() <= {"overrides", "configs", "multi_kv_config"}:
        return [RuntimeOverrides(location.at("overrides"), tenant_limits(document.get("overrides")))]
    return None


def _config_map(document: Mapping[str, Any], name: str, location: Location) -> Iterator[DocumentPart]:
    """Yield the parts of the files in a ConfigMap's `data`."""
    for key, text in as_mapping(document.get("data")).items():
        file_location = location.at("data", str(key))
        if is_classic(str(text)):
            yield read_classic(str(text), name, file_location)
            continue
        parts = list(_embedded_parts(str(text), name, file_location))
        yield from parts or [UnreadablePart(file_location, f"unknown kind of file; accepted: {ACCEPTED}")]


def _embedded_parts(text: str, name: str, location: Location) -> Iterator[DocumentPart]:
    try:
        documents = parse(text, location.file)
    except DocumentError as error:
        raise DocumentError(location.file, f"{location.path}: {error.found}", error.accepted) from None
    for document in documents:
        if isinstance(document, Mapping):
            yield from _configuration(document, name, location) or ()


def _with_overrides(clusters: list[Cluster], runtime_files: list[RuntimeOverrides]) -> Iterator[Cluster]:
    """Add overrides to the cluster if there is exactly one. Otherwise yield them as a cluster without configuration."""
    for runtime in runtime_files:
        if len(clusters) == 1:
            tenants = {**clusters[0].overrides, **runtime.tenants}
            locations = {**clusters[0].key_locations, "overrides": runtime.location}
            clusters = [replace(clusters[0], overrides=tenants, key_locations=locations)]
        else:
            yield Cluster(
                Path(runtime.location.file).stem,
                runtime.location,
                {},
                key_locations={"overrides": runtime.location},
                overrides=runtime.tenants,
            )
    yield from clusters
