"""Numbers as text for people: counts with their noun, sizes, times, shares, amounts of money.

Every table, message and log line uses these functions, so that a size or a time looks the same everywhere.
"""

_SIZE_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_PLURALS = {"entry": "entries", "process": "processes", "query": "queries"}


def count_text(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> count_text(1, "chunk"), count_text(0, "table"), count_text(12_000, "index file"), count_text(2, "query")
    ('1 chunk', '0 tables', '12,000 index files', '2 queries')
    """
    return f"{count:,} {plural(count, noun)}"


def plural(count: int, noun: str) -> str:
    """Return the noun of a count.

    >>> plural(1, "chunk"), plural(2, "chunk")
    ('chunk', 'chunks')
    """
    return noun if count == 1 else _PLURALS.get(noun, f"{noun}s")


def size_text(size_bytes: float) -> str:
    """Return a size in bytes with a binary unit, as environment files and Azure's portal write sizes.

    >>> size_text(0), size_text(999), size_text(37_000), size_text(4_200_000_000)
    ('0 B', '999 B', '36.1 KiB', '3.9 GiB')
    """
    value = abs(size_bytes)
    sign = "-" if size_bytes < 0 else ""
    if round(value) < 1024:
        return f"{sign}{value:.0f} B"
    for unit in _SIZE_UNITS:
        value /= 1024
        if round(value, 1) < 1024 or unit == _SIZE_UNITS[-1]:
            break
    return f"{sign}{value:,.1f} {unit}"


def seconds_text(seconds: float) -> str:
    """Return a time with at least two digits that matter, and without more precision than people compare.

    >>> seconds_text(0.0004), seconds_text(0.0042), seconds_text(2), seconds_text(42.41), seconds_text(124)
    ('0.4 ms', '4 ms', '2.00 s', '42.4 s', '2 min 04 s')
    """
    if seconds < 0.001:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, remaining = divmod(round(seconds), 60)
    return f"{minutes:,} min {remaining:02d} s"


def age_text(seconds: float) -> str:
    """Return an age as people say it.

    >>> age_text(42), age_text(720), age_text(30 * 3600), age_text(10 * 86_400)
    ('42 s', '12 min', '30 h', '10 days')
    """
    for unit, unit_s, limit in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 3 * 86_400)):
        if seconds < limit:
            return f"{int(seconds // unit_s)} {unit}"
    return f"{int(seconds // 86_400):,} days"


def decimal_text(value: float, least: float = 0.0001) -> str:
    """Return a number with three digits that matter, never as `1.4e-07`. A number below `least` is `< least`.

    >>> decimal_text(0.0123456), decimal_text(1.4e-07), decimal_text(0), decimal_text(1234.5)
    ('0.0123', '< 0.0001', '0', '1,234.5')
    """
    if value == 0:
        return "0"
    sign, size = ("-" if value < 0 else ""), abs(value)
    if size < least:
        return f"< {_plain(least)}" if value > 0 else f"> -{_plain(least)}"
    if size >= 100:
        return f"{sign}{_plain(size, 1)}"
    digits = 2
    while size * 10**digits < 100 and digits < 12:
        digits += 1
    return f"{sign}{_plain(size, digits)}"


def money_text(amount: float) -> str:
    """Return an amount of money with cents. An amount below one cent is `< 0.01`.

    >>> money_text(1234.5), money_text(0), money_text(1.4e-07), money_text(-0.002), money_text(0.25)
    ('1,234.50', '0.00', '< 0.01', '> -0.01', '0.25')
    """
    if amount and abs(amount) < 0.01:
        return "< 0.01" if amount > 0 else "> -0.01"
    return f"{amount:,.2f}"


def _plain(value: float, digits: int = 12) -> str:
    """Return a number without exponent and without zeros at the end."""
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
