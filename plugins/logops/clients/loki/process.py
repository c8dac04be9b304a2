"""What a process of Loki says of itself."""

from dataclasses import dataclass

from logops.clients.loki.answers import UnexpectedAnswerError


@dataclass(frozen=True, slots=True)
class Readiness:
    """What /ready says."""

    ready: bool
    text: str
    """`ready`, or what is not: `Ingester not ready: waiting for 15s after being ready`."""


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """What a process was built from; a build without version flags leaves all but the version empty."""

    version: str
    revision: str
    go_version: str


def build_info(answer: object) -> BuildInfo:
    """The answer of /loki/api/v1/status/buildinfo (pkg/loki/version_handler.go). Raises UnexpectedAnswerError."""
    if not isinstance(answer, dict) or not isinstance(answer.get("version"), str):
        raise UnexpectedAnswerError(f"expected an object with a version, got {str(answer)[:200]}")
    return BuildInfo(answer["version"], str(answer.get("revision", "")), str(answer.get("goVersion", "")))
