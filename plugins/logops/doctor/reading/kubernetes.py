"""Read the configurations in Kubernetes objects: ConfigMaps, Secrets, and lists of objects."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from logops.doctor.deployment import Location, UnreadablePart
from logops.doctor.reading.configuration import ACCEPTED, read_configuration
from logops.doctor.reading.document_part import DocumentPart, Workload
from logops.doctor.reading.expressions import read_expressions
from logops.doctor.reading.fluentbit import is_classic_file, missing_includes, read_classic_files
from logops.doctor.reading.safe_yaml import DocumentError, parse
from logops.doctor.untyped import as_list, as_mapping

_LOKI_IMAGE = re.compile(r"(^|/)loki([:@]|$)")
_EXPANDS = re.compile(r"--?config\.expand-env(=(true|1|t))?", re.IGNORECASE)


def is_kubernetes_object(document: Mapping[str, Any]) -> bool:
    """Return whether a mapping is an object of the Kubernetes API."""
    return "kind" in document and ("apiVersion" in document or document["kind"] in ("ConfigMap", "Secret"))


def read_object(document: Mapping[str, Any], name: str, location: Location) -> Iterator[DocumentPart]:
    """Yield the parts of the configurations in an object. Objects of other kinds have none.

    Raises DocumentError if a ConfigMap has a text that is neither YAML nor in Fluent Bit's classic format.
    """
    match document["kind"]:
        case "ConfigMap":
            yield from _read_data(as_mapping(document.get("data")), name, location.at("data"))
        case "Secret":
            yield from _read_secret(document, name, location)
        case "PrometheusRule":
            yield from read_expressions(document, location)
        case "Deployment" | "StatefulSet" | "DaemonSet":
            yield from _read_workload(document, location)
        case "List":
            for index, item in enumerate(as_list(document.get("items"))):
                if isinstance(item, Mapping) and is_kubernetes_object(item):
                    item_name = str(as_mapping(item.get("metadata")).get("name", f"{name}-{index}"))
                    yield from read_object(item, item_name, location.at("items", index))


def _read_workload(document: Mapping[str, Any], location: Location) -> Iterator[Workload]:
    """Yield a workload with a container of Loki."""
    pod = as_mapping(as_mapping(as_mapping(document.get("spec")).get("template")).get("spec"))
    for container in map(as_mapping, as_list(pod.get("containers"))):
        if _LOKI_IMAGE.search(str(container.get("image"))):
            arguments = [str(word) for key in ("command", "args") for word in as_list(container.get(key))]
            yield Workload(location, any(map(_EXPANDS.fullmatch, arguments)))


def _read_secret(document: Mapping[str, Any], name: str, location: Location) -> Iterator[DocumentPart]:
    """Yield the configurations in a Secret. Most values of Secrets are no configurations: they are left out."""
    for block, decode in (("stringData", str), ("data", _decoded)):
        for key, value in as_mapping(document.get(block)).items():
            text = decode(value)
            try:
                yield from _read_data({key: text}, name, location.at(block)) if _is_mapping(text) else ()
            except DocumentError:
                continue


def _read_data(data: Mapping[str, Any], name: str, location: Location) -> Iterator[DocumentPart]:
    """Yield the parts of the files in a block `data`. All files of Fluent Bit are one configuration."""
    texts = {str(key): str(text) for key, text in data.items()}
    classic = {key: text for key, text in texts.items() if is_classic_file(text)}
    if agent := read_classic_files(classic, name, location):
        yield agent
    for key, pattern in missing_includes(classic):
        yield UnreadablePart(location.at(key), f"it includes {pattern}, which is not in this object")
    for key in [key for key in texts if key not in classic]:
        parts = list(_embedded_parts(texts[key], name, location.at(key)))
        yield from parts or [UnreadablePart(location.at(key), f"unknown kind of file; accepted: {ACCEPTED}")]


def _embedded_parts(text: str, name: str, location: Location) -> Iterator[DocumentPart]:
    try:
        documents = parse(text, location.file)
    except DocumentError as error:
        raise DocumentError(location.file, f"{location.path}: {error.found}", error.accepted) from None
    for document in documents:
        if isinstance(document, Mapping):
            yield from read_configuration(document, name, location) or ()


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _is_mapping(text: str) -> bool:
    if is_classic_file(text):
        return True
    try:
        return any(isinstance(document, Mapping) for document in parse(text, ""))
    except DocumentError:
        return False
