"""Files that somebody has, as one deployment."""

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
from logops.doctor.reading.document_part import DocumentPart, RuntimeOverrides, tenant_limits
from logops.doctor.reading.fluentbit import is_classic, read_classic, read_pipeline
from logops.doctor.reading.lifecycle import policy_rules, read_policy
from logops.doctor.reading.loki import is_loki_config, read_loki_config, read_loki_values
from logops.doctor.reading.promtail import is_promtail_config, read_promtail_config, read_promtail_values
from logops.doctor.reading.safe_yaml import MAX_BYTES, DocumentError, parse
from logops.doctor.reading.terraform import is_terraform, read_terraform
from logops.doctor.untyped import as_mapping

ACCEPTED = (
    "a Loki configuration or runtime overrides, Helm values of Loki or Promtail, a Promtail or Fluent Bit"
    " configuration, a ConfigMap with one of these, an Azure lifecycle policy in JSON or Terraform"
)

_PROMTAIL_VALUES = {"snippets", "clients", "lokiAddress", "scrapeConfigs", "file"}


def read_documents(paths: Iterable[Path], promise: RetentionPromise | None = None) -> Deployment:
    """The deployment in files that belong together; `promise` is what their logs' owners were told.

    Raises DocumentError naming the file, what it looks like and what is accepted.
    """
    return read_texts({str(path): read_file(path) for path in paths}, promise)


def read_texts(texts: Mapping[str, str], promise: RetentionPromise | None = None) -> Deployment:
    """As read_documents, from texts by file name."""
    parts = [part for file, text in texts.items() for part in _parts(text, file)]
    clusters = [replace(part, promise=promise) for part in parts if isinstance(part, Cluster)]
    return Deployment(
        clusters=tuple(_with_overrides(clusters, [part for part in parts if isinstance(part, RuntimeOverrides)])),
        lifecycle=tuple(part for part in parts if isinstance(part, LifecycleRule)),
        agents=tuple(sorted((part for part in parts if isinstance(part, Agent)), key=lambda agent: agent.name)),
        unreadable=tuple(part for part in parts if isinstance(part, UnreadablePart)),
    )


def read_file(path: Path) -> str:
    """The text of a file. Raises DocumentError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError(str(path), f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}")
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
            raise DocumentError(file, f"holds a {type(document).__name__}, not keys and values", ACCEPTED)
        own_name = str(as_mapping(document.get("metadata")).get("name", name))
        yield from _of_document(document, own_name if len(documents) == 1 else f"{own_name}-{number}", Location(file))


def _of_document(document: Mapping[str, Any], name: str, location: Location) -> Iterator[DocumentPart]:
    if document.get("kind") == "ConfigMap":
        yield from _config_map(document, name, location)
    elif "apiVersion" in document and "kind" in document:
        yield UnreadablePart(
            location, f"a Kubernetes {document['kind']}; of Kubernetes objects, ConfigMaps are looked at"
        )
    elif isinstance(document.get("loki"), Mapping):
        yield from read_loki_values(document, name, location.file)
    elif _PROMTAIL_VALUES & as_mapping(document.get("config")).keys():
        yield from read_promtail_values(document, name, location.file)
    elif part := _configuration(document, name, location):
        yield from part
    else:
        keys = ", ".join(sorted(map(str, document))[:8])
        raise DocumentError(location.file, f"unknown: its keys are {keys}", ACCEPTED)


def _configuration(document: Mapping[str, Any], name: str, location: Location) -> Iterable[DocumentPart] | None:
    """A program's own configuration, told by its keys."""
    if found := policy_rules(document):
        rules, above = found
        return read_policy(rules, location.at(*above))
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
    """The configurations under `data`, each in a key that is a file's name."""
    for key, text in as_mapping(document.get("data")).items():
        where = location.at("data", str(key))
        if is_classic(str(text)):
            yield read_classic(str(text), name, where)
            continue
        inner = list(_inner(str(text), name, where))
        yield from inner or [UnreadablePart(where, f"not one of: {ACCEPTED}")]


def _inner(text: str, name: str, location: Location) -> Iterator[DocumentPart]:
    try:
        documents = parse(text, location.file)
    except DocumentError as error:
        raise DocumentError(location.file, f"{location.path}: {error.found}", error.accepted) from None
    for document in documents:
        if isinstance(document, Mapping):
            yield from _configuration(document, name, location) or ()


def _with_overrides(clusters: list[Cluster], found: list[RuntimeOverrides]) -> Iterator[Cluster]:
    """Overrides belong to the one cluster there is; where there are more, or none, they are looked at alone."""
    for overrides in found:
        if len(clusters) == 1:
            tenants = {**clusters[0].overrides, **overrides.tenants}
            moved = {**clusters[0].moved, "overrides": overrides.location}
            clusters = [replace(clusters[0], overrides=tenants, moved=moved)]
        else:
            moved = {"overrides": overrides.location}
            yield Cluster(
                Path(overrides.location.file).stem, overrides.location, {}, moved=moved, overrides=overrides.tenants
            )
    yield from clusters
