"""LogQL's literals: strings, numbers, durations and sizes, read as Loki reads them, and written.

Sources: Loki's pkg/logql/syntax/lex.go; Prometheus' model.ParseDuration and strutil.Unquote; Go's time.ParseDuration
and strconv.ParseFloat; go-humanize's ParseBytes.
"""

import re

MICROSECOND, MILLISECOND, SECOND = 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
DAY, WEEK, YEAR = 24 * HOUR, 7 * 24 * HOUR, 365 * 24 * HOUR
MAX_NS = 2**63 - 1

PROMETHEUS = re.compile(
    "(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)
PROMETHEUS_UNITS = (YEAR, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND)
GO = re.compile("([0-9]*)(?:[.]([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
GO_UNITS = {
    "ns": 1, "us": MICROSECOND, "µs": MICROSECOND, "μs": MICROSECOND,
    "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR,
}  # fmt: skip
SIZE = re.compile("([0-9.]+)([A-Za-z]*)")
SIZE_UNITS = {
    "": 1, "b": 1,
    "k": 10**3, "kb": 10**3, "ki": 2**10, "kib": 2**10,
    "m": 10**6, "mb": 10**6, "mi": 2**20, "mib": 2**20,
    "g": 10**9, "gb": 10**9, "gi": 2**30, "gib": 2**30,
    "t": 10**12, "tb": 10**12, "ti": 2**40, "tib": 2**40,
    "p": 10**15, "pb": 10**15, "pi": 2**50, "pib": 2**50,
}  # fmt: skip

ESCAPE = re.compile(
    r"""\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(\\)|([^\\]+)"""
)
ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
WRITTEN = {value: f"\\{letter}" for letter, value in ESCAPED.items()}
TO_ESCAPE = re.compile(r'[\x00-\x1f\x7f"\\\ud800-\udfff]')
RAW = re.compile(r"[^`\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\n]*")


def range_duration(text: str) -> int | None:
    """Return the nanoseconds of `[text]`: Prometheus' units, y to ms, whole numbers. None if Loki refuses it."""
    if text == "0":
        return 0
    match = PROMETHEUS.fullmatch(text)
    if not text or match is None:
        return None
    total = sum(whole(count) * unit for count, unit in zip(match.groups(), PROMETHEUS_UNITS, strict=True) if count)
    return total if total <= MAX_NS else None


def whole(digits: str) -> int:
    """Return the number of the digits. Very many digits give a number that is also too large: Python limits their
    length."""
    return int(digits.lstrip("0")[:40] or "0")


def duration(text: str) -> int | None:
    """Return the nanoseconds of a duration in an expression: as in a range, else Go's (`1.5h`, `-3s`, `20us`)."""
    nanoseconds = range_duration(text)
    if nanoseconds is not None:
        return nanoseconds
    sign, unsigned = (text[0], text[1:]) if text[:1] in ("-", "+") else ("", text)
    if unsigned == "0":
        return 0
    total, at = 0, 0
    while at < len(unsigned):
        part = GO.match(unsigned, at)
        if part is None or not (part[1] or part[2]):
            return None
        # Go reads only as many digits as fit, and computes the fraction as a float.
        unit, fraction = GO_UNITS[part[3]], (part[2] or "")[:18]
        total += whole(part[1]) * unit + int(int(fraction or 0) * (unit / 10.0 ** len(fraction)))
        at = part.end()
    if not at or total > MAX_NS + (sign == "-"):
        return None
    return -total if sign == "-" else total


def size(text: str) -> int | None:
    """Return the bytes of `10MB` (10^6) or `10MiB` (2^20)."""
    match = SIZE.fullmatch(text)
    if match is None or (unit := SIZE_UNITS.get(match[2].lower())) is None:
        return None
    try:
        value = float(match[1]) * unit
    except ValueError:
        return None
    return int(value) if value < 2**64 else None


def number(text: str) -> float | None:
    """Read a number like Go's ParseFloat, even `1_000` and `0x1p4`. None if Go refuses it: `0x1F`, `1e999`."""
    digits = text.replace("_", "").lower()
    try:
        value = float.fromhex(digits) if digits.startswith("0x") and "p" in digits else float(digits)
    except (ValueError, OverflowError):
        return None
    return value if abs(value) != float("inf") else None


def unquote(inner: str) -> str | None:
    """Return the text between double quotes with its escapes resolved; None if one is invalid.

    Bytes that are not UTF-8 (`\xff`) become Python's surrogate escapes.
    """
    parts: list[bytes] = []
    for letter, byte, octal, short, long, lone, plain in ESCAPE.findall(inner):
        code = int(byte, 16) if byte else int(octal, 8) if octal else -1
        if lone or code > 0xFF:
            return None
        if code >= 0:
            parts.append(bytes([code]))
        elif letter:
            parts.append(ESCAPED[letter].encode())
        elif short or long:
            point = int(short or long, 16)
            if point >= 2**31:
                # Go's rune is then negative, and below 128 it counts as a byte.
                parts.append(bytes([point & 0xFF]))
            elif point > 0x10FFFF:
                return None
            else:
                parts.append(b"\xef\xbf\xbd" if 0xD800 <= point < 0xE000 else chr(point).encode())
        else:
            parts.append(plain.encode("utf-8", "surrogateescape"))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def quote(text: str) -> str:
    """Write a string in LogQL: in backticks if that saves escapes, else in double quotes."""
    if ('"' in text or "\\" in text) and RAW.fullmatch(text):
        return f"`{text}`"
    return f'"{TO_ESCAPE.sub(escape, text)}"'


def escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in WRITTEN:
        return WRITTEN[character]
    return f"\\x{ord(character) & 0xFF:02x}"


def write_duration(nanoseconds: int) -> str:
    """Write a duration in the largest whole units: `90m` is `1h30m`, a day is `1d`."""
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left and left % DAY == 0 and not sign:
        return f"{left // DAY}d"
    parts = []
    for unit, name in ((HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us"), (1, "ns")):
        count, left = divmod(left, unit)
        if count:
            parts.append(f"{count}{name}")
    return sign + "".join(parts) if parts else "0s"


def write_size(count: int) -> str:
    for power, name in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count and count % power == 0:
            return f"{count // power}{name}"
    # 0B starts a binary number.
    return f"{count}B" if count else "0KiB"


def write_number(value: float) -> str:
    """Write a number so that reading gives the same value: whole numbers without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
