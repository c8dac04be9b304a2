"""Read a List Blobs answer in XML into columns, in machine code: one pass over the bytes, no object per blob.

The input ends with zero bytes (`END`), and a zero byte ends every loop: nothing is read beyond the end. Functions
take the position where they start and return the position where they end. The text of a value is decoded in place.
They raise ValueError if the text is not well-formed (XML 1.0, fifth edition), is not a listing, or has what XML
allows and a listing never has: comments, processing instructions, CDATA, document types.

Decision 12 says why logops does not use an XML library: the nearest takes 2.1 times as long.

All of it is in one file, because Numba's cache notices changes only in the file of a function.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])
Bytes = NDArray[np.uint8]
Longs = NDArray[np.int64]

END = 16
"""Zero bytes that must follow a document."""

NEVER = np.iinfo(np.int64).min
"""A time that is not given."""

COLUMNS = 6
NAME_END, SIZE, TIER, CHANGED, MODIFIED, KIND = range(COLUMNS)
"""The columns of a row. Names are stored one after another as UTF-8, and each row has the end of its name. Times are
Unix seconds, a tier is a `Tier`, and a kind has the following bits."""
IS_PREFIX, IS_DIRECTORY, IS_REHYDRATING = 1, 2, 4

# Bytes at which plain text stops: controls, and & < >.
_STOPS = np.zeros(256, np.bool_)
_STOPS[:32] = True
_STOPS[[9, 10]] = False
_STOPS[[ord("&"), ord("<"), ord(">")]] = True

# Bytes of an element's name; bytes beyond ASCII are accepted.
_NAME_BYTES = np.zeros(256, np.bool_)
_NAME_BYTES[128:] = True
for _letter in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:-.":
    _NAME_BYTES[_letter] = True


def _compiled(function: Function) -> Function:
    return cast(Function, njit(nogil=True, cache=True)(function))


def _word(text: bytes) -> Bytes:
    """Return bytes as an array: Numba creates an object for every use of a bytes constant."""
    return np.frombuffer(text, np.uint8)


_AMP, _LT, _GT, _QUOT, _APOS = _word(b"amp;"), _word(b"lt;"), _word(b"gt;"), _word(b"quot;"), _word(b"apos;")
_BRACKETS, _TAG_END, _EMPTY_END = _word(b"]]"), _word(b"</"), _word(b"/>")
_BYTE_ORDER_MARK, _DECLARATION, _DECLARATION_END = _word(b"\xef\xbb\xbf"), _word(b"<?xml "), _word(b"?>")
_MONTHS, _COMMA_BLANK, _BLANK_GMT = _word(b"JanFebMarAprMayJunJulAugSepOctNovDec"), _word(b", "), _word(b" GMT")
_HOT, _COOL, _COLD, _ARCHIVE = _word(b"Hot"), _word(b"Cool"), _word(b"Cold"), _word(b"Archive")
_ENUMERATION_RESULTS, _NEXT_MARKER, _BLOBS = _word(b"EnumerationResults"), _word(b"NextMarker"), _word(b"Blobs")
_BLOB, _BLOB_PREFIX, _NAME, _PROPERTIES = _word(b"Blob"), _word(b"BlobPrefix"), _word(b"Name"), _word(b"Properties")
_CONTENT_LENGTH, _LAST_MODIFIED = _word(b"Content-Length"), _word(b"Last-Modified")
_ACCESS_TIER, _ACCESS_TIER_CHANGE_TIME = _word(b"AccessTier"), _word(b"AccessTierChangeTime")
_ARCHIVE_STATUS, _RESOURCE_TYPE, _DIRECTORY = _word(b"ArchiveStatus"), _word(b"ResourceType"), _word(b"directory")
_ENCODED, _TRUE = _word(b"Encoded"), _word(b"true")

# The properties of a blob that are kept; each is also its bit among the properties seen.
_IS_SIZE, _IS_MODIFIED, _IS_TIER, _IS_CHANGED, _IS_ARCHIVE, _IS_RESOURCE = 1, 2, 4, 8, 16, 32


@_compiled
def _same(body: Bytes, at: int, word: Bytes) -> bool:
    for place in range(len(word)):  # noqa: SIM110  Numba knows no all().
        if body[at + place] != word[place]:
            return False
    return True


@_compiled
def _is(body: Bytes, at: int, length: int, word: Bytes) -> bool:
    return length == len(word) and _same(body, at, word)


@_compiled
def _skip_blank(body: Bytes, at: int) -> int:
    while body[at] == 32 or body[at] == 10 or body[at] == 13 or body[at] == 9:
        at += 1
    return at


@_compiled
def _skip_name(body: Bytes, at: int) -> int:
    first = body[at]
    if first == ord("-") or first == ord(".") or ord("0") <= first <= ord("9") or not _NAME_BYTES[first]:
        raise ValueError("a tag has no name")
    while _NAME_BYTES[body[at]]:
        at += 1
    return at


@_compiled
def _digit(byte: int) -> int:
    """Return the value of a hexadecimal digit; 16 for other bytes."""
    if ord("0") <= byte <= ord("9"):
        return byte - ord("0")
    if ord("a") <= byte <= ord("f"):
        return byte - ord("a") + 10
    if ord("A") <= byte <= ord("F"):
        return byte - ord("A") + 10
    return 16


@_compiled
def _number(body: Bytes, at: int) -> tuple[int, int]:
    """Return the character of `#65;` or `#x41;`, and its end."""
    base = 10
    at += 1
    if body[at] == ord("x"):
        base = 16
        at += 1
    value = 0
    first = at
    while _digit(body[at]) < base:
        value = min(value * base + _digit(body[at]), 0x110000)
        at += 1
    if at == first or body[at] != ord(";"):
        raise ValueError("a character reference is not finished")
    return value, at + 1


@_compiled
def _is_character(value: int) -> bool:
    if value < 32:
        return value == 9 or value == 10 or value == 13
    return value < 0xD800 or 0xE000 <= value <= 0xFFFD or 0x10000 <= value <= 0x10FFFF


@_compiled
def _entity(body: Bytes, at: int) -> tuple[int, int]:
    """Return the character of the reference at `&`, and its end."""
    at += 1
    if body[at] == ord("#"):
        value, end = _number(body, at)
        if not _is_character(value):
            raise ValueError("a character reference names no character of XML")
        return value, end
    if _same(body, at, _AMP):
        return ord("&"), at + 4
    if _same(body, at, _LT):
        return ord("<"), at + 3
    if _same(body, at, _GT):
        return ord(">"), at + 3
    if _same(body, at, _QUOT):
        return ord('"'), at + 5
    if _same(body, at, _APOS):
        return ord("'"), at + 5
    raise ValueError("an entity is not one of XML's five")


@_compiled
def _put(out: Bytes, used: int, value: int) -> int:
    """Write a character as UTF-8."""
    if value < 0x80:
        out[used] = value
        return used + 1
    if value < 0x800:
        out[used] = 0xC0 | value >> 6
        used += 1
    elif value < 0x10000:
        out[used] = 0xE0 | value >> 12
        out[used + 1] = 0x80 | value >> 6 & 0x3F
        used += 2
    else:
        out[used] = 0xF0 | value >> 18
        out[used + 1] = 0x80 | value >> 12 & 0x3F
        out[used + 2] = 0x80 | value >> 6 & 0x3F
        used += 3
    out[used] = 0x80 | value & 0x3F
    return used + 1


@_compiled
def _lone_more(body: Bytes, at: int) -> int:
    """Skip a > in text, which is allowed unless ]] precedes it."""
    if body[at] != ord(">") or _same(body, at - 2, _BRACKETS):
        raise ValueError("a control character, or ]]>, stands in text")
    return at + 1


@_compiled
def _text(body: Bytes, at: int) -> tuple[int, int]:
    """Decode text in place. Return its new end, and the start of the next tag.

    It never grows: a reference is longer than its character.
    """
    used = at
    while True:
        byte = body[at]
        if not _STOPS[byte]:
            body[used] = byte
            used += 1
            at += 1
        elif byte == ord("<") or byte == 0:
            return used, at
        elif byte == ord("&"):
            value, at = _entity(body, at)
            used = _put(body, used, value)
        elif byte == 13:
            # Every line end becomes \n (XML 1.0, 2.11).
            used = _put(body, used, 10)
            at += 2 if body[at + 1] == 10 else 1
        else:
            at = _lone_more(body, at)
            used = _put(body, used, byte)


@_compiled
def _to_tag(body: Bytes, at: int) -> int:
    """Skip text up to the next tag."""
    while True:
        while not _STOPS[body[at]]:
            at += 1
        byte = body[at]
        if byte == ord("<"):
            return at
        if byte == 0:
            raise ValueError("it ends too early, or has bytes that no text has")
        if byte == ord("&"):
            _, at = _entity(body, at)
        else:
            at = at + 1 if byte == 13 else _lone_more(body, at)


@_compiled
def _attributes(body: Bytes, at: int) -> tuple[int, bool, bool]:
    """Skip from the end of a tag's name to after its `>`. Return whether it is empty, and whether it has
    Encoded="true"."""
    encoded = False
    while True:
        begin = _skip_blank(body, at)
        if body[begin] == ord(">"):
            return begin + 1, False, encoded
        if _same(body, begin, _EMPTY_END):
            return begin + 2, True, encoded
        at = _skip_name(body, begin)
        named = _is(body, begin, at - begin, _ENCODED)
        at = _skip_blank(body, at)
        quote = body[_skip_blank(body, at + 1)]
        if body[at] != ord("=") or (quote != ord('"') and quote != ord("'")):
            raise ValueError("an attribute has no quoted value")
        begin = at = _skip_blank(body, at + 1) + 1
        while body[at] != quote:
            if body[at] < 32 or body[at] == ord("<"):
                raise ValueError("an attribute is not finished")
            at += 1
        encoded = encoded or (named and _is(body, begin, at - begin, _TRUE))
        at += 1


@_compiled
def _past_end_tag(body: Bytes, at: int, begun: int, length: int) -> int:
    """Skip the </name> of the element whose name starts at `begun`."""
    if body[at + 1] != ord("/"):
        raise ValueError("an element stands where a listing has text")
    for place in range(length):
        if body[at + 2 + place] != body[begun + place]:
            raise ValueError("a tag ends that did not begin")
    end = _skip_blank(body, at + 2 + length)
    if body[end] != ord(">"):
        raise ValueError("a tag ends that did not begin")
    return end + 1


@_compiled
def _value(body: Bytes, begin: int, end: int) -> tuple[int, int, int, bool]:
    """Return the start and end of an element's text, what follows the element, and whether it has Encoded="true"."""
    first, empty, encoded = _attributes(body, end)
    if empty:
        return first, first, first, encoded
    last, at = _text(body, first)
    return first, last, _past_end_tag(body, at, begin, end - begin), encoded


@_compiled
def _past_element(body: Bytes, begin: int, end: int) -> int:
    """Skip an element with its whole content."""
    at, empty, _ = _attributes(body, end)
    if empty:
        return at
    at = _to_tag(body, at)
    if body[at + 1] == ord("/"):
        return _past_end_tag(body, at, begin, end - begin)
    return _past_children(body, at, begin, end)


@_compiled
def _past_children(body: Bytes, at: int, begin: int, end: int) -> int:
    opened = np.zeros((32, 2), np.int64)
    opened[0, 0], opened[0, 1] = begin, end
    depth = 0
    while depth >= 0:
        at = _to_tag(body, at)
        if body[at + 1] == ord("/"):
            at = _past_end_tag(body, at, opened[depth, 0], opened[depth, 1] - opened[depth, 0])
            depth -= 1
            continue
        begin = at + 1
        end = _skip_name(body, begin)
        at, empty, _ = _attributes(body, end)
        if not empty:
            depth += 1
            if depth == len(opened):
                raise ValueError("its elements stand too deep in one another")
            opened[depth, 0], opened[depth, 1] = begin, end
    return at


@_compiled
def _property(body: Bytes, at: int, length: int) -> int:
    """Return which of the kept properties has this name; 0 for others."""
    if _is(body, at, length, _CONTENT_LENGTH):
        return _IS_SIZE
    if _is(body, at, length, _LAST_MODIFIED):
        return _IS_MODIFIED
    if _is(body, at, length, _ACCESS_TIER):
        return _IS_TIER
    if _is(body, at, length, _ACCESS_TIER_CHANGE_TIME):
        return _IS_CHANGED
    if _is(body, at, length, _ARCHIVE_STATUS):
        return _IS_ARCHIVE
    return _IS_RESOURCE if _is(body, at, length, _RESOURCE_TYPE) else 0


@_compiled
def _two(text: Bytes, at: int) -> int:
    """Return a number of two digits; ten thousand for anything else, which is too large for every use."""
    tens, ones = text[at] - ord("0"), text[at + 1] - ord("0")
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else 10_000


@_compiled
def _month(text: Bytes, at: int) -> int:
    """Return the number of Jan to Dec; 0 for anything else."""
    for month in range(0, 36, 3):
        if text[at] == _MONTHS[month] and text[at + 1] == _MONTHS[month + 1] and text[at + 2] == _MONTHS[month + 2]:
            return month // 3 + 1
    return 0


@_compiled
def _length_of(month: int, year: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@_compiled
def _unix_seconds(text: Bytes, at: int, length: int) -> int:
    """Return the Unix seconds of `Mon, 02 Jan 2006 15:04:05 GMT` (RFC 1123, which Azure uses for all times)."""
    if length != 29:
        raise ValueError("a time is not like Mon, 02 Jan 2006 15:04:05 GMT")
    day, month, year = _two(text, at + 5), _month(text, at + 8), 100 * _two(text, at + 12) + _two(text, at + 14)
    hour, minute, second = _two(text, at + 17), _two(text, at + 20), _two(text, at + 23)
    signs = _same(text, at + 3, _COMMA_BLANK) and _same(text, at + 25, _BLANK_GMT)
    blanks = text[at + 7] == 32 and text[at + 11] == 32 and text[at + 16] == 32
    if not signs or not blanks or text[at + 19] != ord(":") or text[at + 22] != ord(":"):
        raise ValueError("a time is not like Mon, 02 Jan 2006 15:04:05 GMT")
    if month == 0 or year > 9999 or day == 0 or day > _length_of(month, year):
        raise ValueError("a time has no day of the calendar")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("a time has no hour of the day")
    # Count years from March, so that a 29 February is the last day of its year.
    begun, shifted = year - (1 if month < 3 else 0), (month + 9) % 12
    days = 365 * begun + begun // 4 - begun // 100 + begun // 400 + (153 * shifted + 2) // 5 + day - 719_469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


@_compiled
def _whole_number(text: Bytes, at: int, length: int) -> int:
    value = 0
    for place in range(at, at + length):
        if length > 18 or not ord("0") <= text[place] <= ord("9"):
            raise ValueError("a Content-Length is not a number of bytes")
        value = value * 10 + text[place] - ord("0")
    return value if length > 0 else -1


@_compiled
def _tier(text: Bytes, at: int, length: int) -> int:
    """Return a `Tier`. Other names, such as a page blob's P10, are unknown."""
    if _is(text, at, length, _HOT):
        return 1
    if _is(text, at, length, _COOL):
        return 2
    if _is(text, at, length, _COLD):
        return 3
    return 4 if _is(text, at, length, _ARCHIVE) else 0


@_compiled
def _keep(what: int, text: Bytes, at: int, length: int, row: Longs) -> None:
    if what == _IS_SIZE:
        row[SIZE] = _whole_number(text, at, length)
    elif what == _IS_TIER:
        row[TIER] = _tier(text, at, length)
    elif what == _IS_RESOURCE:
        row[KIND] |= IS_DIRECTORY if _is(text, at, length, _DIRECTORY) else 0
    elif length == 0:
        return
    elif what == _IS_MODIFIED:
        row[MODIFIED] = _unix_seconds(text, at, length)
    elif what == _IS_CHANGED:
        row[CHANGED] = _unix_seconds(text, at, length)
    else:
        row[KIND] |= IS_REHYDRATING


@_compiled
def _properties(body: Bytes, begin: int, end: int, row: Longs) -> int:
    """Skip <Properties>, and keep the useful ones in `row`."""
    at, empty, _ = _attributes(body, end)
    kinds = 0
    while not empty:
        at = _to_tag(body, at)
        if body[at + 1] == ord("/"):
            return _past_end_tag(body, at, begin, end - begin)
        first = at + 1
        last = _skip_name(body, first)
        what = _property(body, first, last - first)
        if what == 0:
            at = _past_element(body, first, last)
            continue
        if kinds & what:
            raise ValueError("a blob has a property twice")
        kinds |= what
        first, last, at, _ = _value(body, first, last)
        _keep(what, body, first, last - first, row)
    return at


@_compiled
def _percent_decoded(text: Bytes, begin: int, end: int) -> int:
    """Decode %XX in place and return the new end. Names with characters that XML does not allow are sent so
    (Encoded="true")."""
    used = at = begin
    while at < end:
        byte = text[at]
        if byte == ord("%") and at + 2 < end and _digit(text[at + 1]) < 16 and _digit(text[at + 2]) < 16:
            byte = 16 * _digit(text[at + 1]) + _digit(text[at + 2])
            at += 2
        text[used] = byte
        used += 1
        at += 1
    return used


@_compiled
def _name(body: Bytes, begin: int, end: int, names: Bytes, used: int) -> tuple[int, int]:
    """Skip <Name>, append the name to the others, and return its end."""
    first, last, at, encoded = _value(body, begin, end)
    if encoded:
        last = _percent_decoded(body, first, last)
    for place in range(first, last):
        names[used] = body[place]
        used += 1
    return at, used


@_compiled
def _entry(body: Bytes, begin: int, end: int, names: Bytes, used: int, row: Longs) -> tuple[int, int]:
    """Skip <Blob> or <BlobPrefix>, write it into `row`, and return the end of its name."""
    at, empty, _ = _attributes(body, end)
    before = used
    while not empty:
        at = _to_tag(body, at)
        if body[at + 1] == ord("/"):
            at = _past_end_tag(body, at, begin, end - begin)
            break
        first = at + 1
        last = _skip_name(body, first)
        if _is(body, first, last - first, _PROPERTIES):
            at = _properties(body, first, last, row)
        elif not _is(body, first, last - first, _NAME):
            at = _past_element(body, first, last)
        elif used == before:
            at, used = _name(body, first, last, names, used)
        else:
            raise ValueError("a blob has two names")
    if used == before:
        raise ValueError("a blob has no name")
    row[NAME_END] = used
    return at, used


@_compiled
def _blobs(body: Bytes, begin: int, end: int, names: Bytes, table: Longs, rows: int) -> tuple[int, int]:
    """Skip <Blobs>, and return the number of rows."""
    at, empty, _ = _attributes(body, end)
    used = table[rows - 1, NAME_END] if rows > 0 else 0
    while not empty:
        at = _to_tag(body, at)
        if body[at + 1] == ord("/"):
            return _past_end_tag(body, at, begin, end - begin), rows
        first = at + 1
        last = _skip_name(body, first)
        is_prefix = _is(body, first, last - first, _BLOB_PREFIX)
        if not is_prefix and not _is(body, first, last - first, _BLOB):
            at = _past_element(body, first, last)
            continue
        row = table[rows]
        row[SIZE], row[MODIFIED], row[CHANGED], row[TIER], row[KIND] = -1, NEVER, NEVER, 0, is_prefix * IS_PREFIX
        at, used = _entry(body, first, last, names, used, row)
        if not is_prefix and (row[SIZE] < 0 or row[MODIFIED] == NEVER):
            raise ValueError("a blob has no Content-Length or no Last-Modified")
        rows += 1
    return at, rows


@_compiled
def _to_first_tag(body: Bytes) -> int:
    """Skip the byte order mark and the XML declaration."""
    at = 3 if _same(body, 0, _BYTE_ORDER_MARK) else 0
    if _same(body, at, _DECLARATION):
        while not _same(body, at, _DECLARATION_END):
            if body[at] == 0:
                raise ValueError("it ends too early")
            at += 1
        at += 2
    at = _skip_blank(body, at)
    if body[at] != ord("<"):
        raise ValueError("it is no answer of List Blobs")
    return at


@_compiled
def scan(body: Bytes, names: Bytes, table: Longs) -> tuple[int, int, int, bool]:
    """Read a List Blobs answer (Azure docs, rest/api/storageservices/list-blobs) that is followed by `END` zero bytes.

    Fills `names`, which must be as long as the body, and one row of `table` per blob and prefix. The table needs one
    row for every 38 bytes of the body, and one more. Decodes in the body itself.

    Returns the number of rows, where the next marker starts and ends in the body, and whether it is percent-encoded.
    Raises ValueError with the fault.
    """
    begin = _to_first_tag(body) + 1
    end = _skip_name(body, begin)
    if not _is(body, begin, end - begin, _ENUMERATION_RESULTS):
        raise ValueError("it is no answer of List Blobs")
    at, empty, _ = _attributes(body, end)
    rows, marker, marker_end, encoded = 0, 0, 0, False
    while not empty:
        at = _to_tag(body, at)
        if body[at + 1] == ord("/"):
            at = _past_end_tag(body, at, begin, end - begin)
            break
        first = at + 1
        last = _skip_name(body, first)
        if _is(body, first, last - first, _BLOBS):
            at, rows = _blobs(body, first, last, names, table, rows)
        elif _is(body, first, last - first, _NEXT_MARKER):
            marker, marker_end, at, encoded = _value(body, first, last)
        else:
            at = _past_element(body, first, last)
    if _skip_blank(body, at) != len(body) - END:
        raise ValueError("something stands behind its end")
    return rows, marker, marker_end, encoded
