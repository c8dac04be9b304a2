"""Read a user's files into one deployment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from logops.doctor.charts import Chart, wrapped
from logops.doctor.deployment import (
    Agent,
    Cluster,
    Deployment,
    Expression,
    LifecycleRule,
    Location,
    RetentionPromise,
    UnreadablePart,
)
from logops.doctor.keys.known import known_keys
from logops.doctor.reading.configuration import ACCEPTED, read_configuration
from logops.doctor.reading.document_part import DocumentPart, RuntimeOverrides, Workload
from logops.doctor.reading.files import read_file
from logops.doctor.reading.fluentbit import is_classic, is_classic_file, missing_includes, read_classic
from logops.doctor.reading.kubernetes import is_kubernetes_object, read_object
from logops.doctor.reading.loki import read_loki_values
from logops.doctor.reading.promtail import PROMTAIL_VALUES, read_promtail_values, read_shipper_values
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.reading.terraform import is_terraform, read_terraform
from logops.doctor.untyped import as_mapping
from logops.suggestions import CERTAIN, did_you_mean


def read_documents(paths: Iterable[Path], promise: RetentionPromise | None = None) -> Deployment:
    """Return the deployment in files that belong together.

    promise   the retention that was promised to the owners of the logs

    Raises DocumentError with the file, what was found in it and what is accepted.
    """
    return read_texts({str(path): read_file(path) for path in paths}, promise)


def read_texts(
    texts: Mapping[str, str], promise: RetentionPromise | None = None, chart: Chart | None = None
) -> Deployment:
    """Return the deployment in texts by file name. Otherwise like read_documents.

    chart   the chart that Helm values are for; None: the one that their keys show
    """
    return _deployment([part for file, text in texts.items() for part in _parts(text, file, chart)], texts, promise)


def read_each(
    texts: Mapping[str, str], promise: RetentionPromise | None = None, chart: Chart | None = None
) -> tuple[Deployment, list[DocumentError]]:
    """Return the deployment in the texts that can be read, and the errors of the others."""
    parts: list[DocumentPart] = []
    errors: list[DocumentError] = []
    for file, text in texts.items():
        try:
            parts += _parts(text, file, chart)
        except DocumentError as error:
            errors.append(error)
    return _deployment(parts, texts, promise), errors


def _deployment(
    parts: Sequence[DocumentPart], texts: Mapping[str, str], promise: RetentionPromise | None
) -> Deployment:
    clusters = [_with_arguments(replace(part, promise=promise), parts) for part in parts if isinstance(part, Cluster)]
    return Deployment(
        clusters=tuple(_with_overrides(clusters, [part for part in parts if isinstance(part, RuntimeOverrides)])),
        expressions=tuple(part for part in parts if isinstance(part, Expression)),
        lifecycle=tuple(part for part in parts if isinstance(part, LifecycleRule)),
        agents=tuple(sorted((part for part in parts if isinstance(part, Agent)), key=lambda agent: agent.name)),
        unreadable=tuple(part for part in (*parts, *_missing_files(texts)) if isinstance(part, UnreadablePart)),
        promise=promise,
        texts=texts,
    )


def _with_arguments(cluster: Cluster, parts: Sequence[DocumentPart]) -> Cluster:
    """Add whether Loki expands variables, if only the workloads beside the configuration say it."""
    expands = [part.expands_variables for part in parts if isinstance(part, Workload)]
    if cluster.expands_variables is not None or not expands:
        return cluster
    return replace(cluster, expands_variables=any(expands))


def _missing_files(texts: Mapping[str, str]) -> Iterator[UnreadablePart]:
    """Yield the files that a configuration of Fluent Bit includes and that were not given."""
    classic = {file: text for file, text in texts.items() if "apiVersion:" not in text and is_classic_file(text)}
    for file, pattern in missing_includes(classic):
        yield UnreadablePart(Location(file), f"it includes {pattern}, which was not given")


def _parts(text: str, file: str, chart: Chart | None) -> Iterator[DocumentPart]:
    name = Path(file).stem
    if is_terraform(text):
        rules = list(read_terraform(text, file))
        yield from rules or [UnreadablePart(Location(file), "no lifecycle policy among the Terraform resources")]
        return
    if is_classic_file(text) and "apiVersion:" not in text:
        if is_classic(text):
            yield read_classic(text, name, Location(file))
        return
    documents = parse(text, file)
    if not documents:
        raise DocumentError(file, "empty", ACCEPTED)
    parts: list[DocumentPart] = []
    for number, document in enumerate(documents):
        if not isinstance(document, Mapping):
            raise DocumentError(file, f"contains a {type(document).__name__}, not keys and values", ACCEPTED)
        document_name = str(as_mapping(document.get("metadata")).get("name", name))
        unique_name = document_name if len(documents) == 1 else f"{document_name}-{number}"
        parts += _document_parts(document, unique_name, Location(file, document=number), chart)
    if all(isinstance(part, Workload) for part in parts):
        kinds = ", ".join(sorted({str(document["kind"]) for document in documents}))
        parts.append(UnreadablePart(Location(file), f"Kubernetes objects ({kinds}) without a configuration"))
    yield from parts


def _document_parts(
    document: Mapping[str, Any], name: str, location: Location, chart: Chart | None
) -> Iterator[DocumentPart]:
    if is_kubernetes_object(document):
        yield from read_object(document, name, location)
    elif key := wrapped(document):
        yield from read_loki_values(document[key], name, location.at(key), chart)
        yield from read_shipper_values(document, location)
    elif isinstance(document.get("loki"), Mapping):
        yield from read_loki_values(document, name, location, chart)
        yield from read_shipper_values(document, location)
    elif PROMTAIL_VALUES & as_mapping(document.get("config")).keys():
        yield from read_promtail_values(document, name, location)
    elif parts := read_configuration(document, name, location):
        yield from parts
    else:
        raise DocumentError(location.file, f"unknown kind of file, with {_listed(document)}", ACCEPTED)


def _listed(document: Mapping[str, Any]) -> str:
    """Return the keys of a file of unknown kind for a message, each with the section that may be meant."""
    sections = {*known_keys("loki"), *known_keys("promtail"), "overrides", "loki"}
    hints = {key: did_you_mean(key, sections - {key}, CERTAIN).strip() for key in sorted(map(str, document))[:8]}
    return "the keys " + ", ".join(f"{key} ({hint})" if hint else key for key, hint in hints.items())


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
