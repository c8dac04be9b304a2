"""Compare rendered values with values that a running Loki, Promtail or Alertmanager reports. Pure."""

from logops.environment.units import Duration, Size


def same_value(declared: object, reported: object) -> bool:
    """Whether a rendered value equals what a process reports, which prints durations and sizes in its own format.

    >>> same_value("2160h", "12w6d"), same_value(1048576, "1MB"), same_value(20, 30)
    (True, True, False)
    """
    if isinstance(declared, list) and isinstance(reported, list):
        return len(declared) == len(reported) and all(map(same_value, declared, reported))
    if isinstance(declared, dict) and isinstance(reported, dict):
        return all(same_value(value, reported.get(key)) for key, value in declared.items())
    if isinstance(reported, str) and isinstance(declared, str):
        return (
            declared == reported
            or _duration(declared) == _duration(reported) is not None
            or _bytes(declared) == _bytes(reported) is not None
        )
    if isinstance(reported, str) and isinstance(declared, int):
        return _bytes(reported) == declared
    return declared == reported


def _duration(text: str) -> int | None:
    try:
        return Duration(text).value
    except ValueError:
        return None


def _bytes(text: str) -> int | None:
    """Read Loki's ByteSize, which prints binary multiples with decimal names: `10MB` is 10 MiB
    (pkg/util/flagext/bytesize.go)."""
    try:
        return Size(text.replace("KB", "KiB").replace("MB", "MiB").replace("GB", "GiB")).value
    except ValueError:
        return None
