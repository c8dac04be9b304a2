"""Label names that Loki accepts, and fields that must not become labels."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

_IDENTITIES = re.compile(r"(x_?)?(trace|span|parent|request|req|correlation|session|transaction)_?(id|uid|uuid|guid)")
"""Names of fields whose value belongs to one request. The doctor reports more names, as a finding."""


def _label_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PydanticCustomError(
            "label_name",
            "Loki refuses this label name: use letters, digits and underscores, and do not begin with a digit",
        )
    if name.startswith("__"):
        raise PydanticCustomError(
            "label_name", "names that begin with __ are internal, and agents remove them: choose another name"
        )
    return name


def _index_label(name: str) -> str:
    if is_identity(name):
        raise PydanticCustomError(
            "identity_label",
            "this field has another value for each request, and each value would be a stream: "
            "move it to parse.structured_metadata",
        )
    return name


def is_identity(name: str) -> bool:
    """Return whether a field has another value for each request: trace_id, spanId, request-id.

    >>> is_identity("traceId"), is_identity("level")
    (True, False)
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return _IDENTITIES.fullmatch(re.sub(r"[^a-z0-9]+", "_", words)) is not None


_JSON_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$"})

LabelName = Annotated[str, AfterValidator(_label_name), _JSON_SCHEMA]
"""A name of a label or of structured metadata."""

IndexLabel = Annotated[str, AfterValidator(_label_name), AfterValidator(_index_label), _JSON_SCHEMA]
"""A field that becomes a label: it must have few values."""
