"""Find stages whose place in the fixed order of an environment changes what they do."""

from logops.doctor.promtail.value import Value

_PLACE = {
    "cri": 0, "docker": 0, "multiline": 1, "drop": 2, "drop-field": 4, "drop-age": 6, "json": 3, "logfmt": 3,
    "regex": 3, "labels": 5, "structured_metadata": 5, "timestamp": 5, "sampling": 7, "limit": 8, "output": 9,
}  # fmt: skip
"""Stage -> its place in the order, see `logops.pipelines.stages`."""

_FIELDS = ("labels", "timestamp", "structured_metadata")
_HARMLESS = {
    "drop": (*_FIELDS, "json", "logfmt", "regex", "drop-field", "drop-age"),
    "drop-field": (*_FIELDS, "output", "drop-age"),
    "labels": ("output", "drop-age"),
    "structured_metadata": ("output", "drop-age"),
    "timestamp": ("output",),
    "drop-age": ("output",),
    "limit": ("output",),
}
"""Stage -> earlier stages that it may pass: the result stays the same."""


def note_order(stages: list[tuple[str, Value]]) -> None:
    """Note each stage that runs before stages that are above it in the file, if that changes the result."""
    earlier: dict[str, None] = {}
    for name, settings in stages:
        kind = _kind(name, settings)
        if kind not in _PLACE:
            continue
        passed = [other for other in earlier if _PLACE[other] > _PLACE[kind] and other not in _HARMLESS.get(kind, ())]
        if passed:
            names = ", ".join(dict.fromkeys(other.partition("-")[0] for other in passed))
            settings.ledger.note_changed(
                settings.location, f"{name} runs before {names}: an environment has a fixed order of stages"
            )
        earlier[kind] = None


def _kind(name: str, settings: Value) -> str:
    if name == "drop" and settings.at("older_than"):
        return "drop-age"
    return "drop-field" if name == "drop" and settings.at("source") else name
