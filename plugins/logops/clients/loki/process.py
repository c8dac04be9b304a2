"""What a Loki process reports about itself."""

from dataclasses import dataclass

from logops.clients.loki.answers import UnexpectedAnswerError


@dataclass(frozen=True, slots=True)
class Readiness:
    """The answer of /ready."""

    ready: bool
    text: str
    """`ready`, or the reason: `Ingester not ready: waiting for 15s after being ready`."""


@dataclass(frozen=True, slots=True)
class BuildInfo:
    """The build of a process. Without version flags, everything but the version is empty."""

    version: str
    revision: str
    go_version: str


def build_info(answer: object) -> BuildInfo:
    """Decode the answer of .../status/buildinfo (pkg/loki/version_handler.go). Raises UnexpectedAnswerError."""
    if not isinstance(answer, dict) or not isinstance(answer.get("version"), str):
        raise UnexpectedAnswerError(f"expected an object with a version, got {str(answer)[:200]}")
    return BuildInfo(answer["version"], str(answer.get("revision", "")), str(answer.get("goVersion", "")))
