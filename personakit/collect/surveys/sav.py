"""The dictionary of a .sav file, walked before a library in C may open it: labels that point astray would crash that.

Layout: PSPP developers' guide, System File Format. What is refused here ends pyreadstat 1.3.7, and with it Python.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

#: record types of the dictionary
_VARIABLE, _LABELS, _LABELLED, _DOCUMENT, _EXTENSION, _END = 2, 3, 4, 6, 7, 999
#: extensions that name the encoding: by the number of a code page, and by its name
_MACHINE, _ENCODING = 3, 20
_HEADER, _LAYOUT_CODE = 176, 64
_TEXT_FORMATS = {1, 2}
_LONGEST = 255


class Unsound(ValueError):
    """What is wrong with a dictionary."""


@dataclass
class _Dictionary:
    """What was met: one width a record (0 for a number, bytes of a text, -1 for the rest of one), the values that carry
    labels, and the encoding.
    """

    widths: list[int] = field(default_factory=list)
    formats: list[tuple[int, ...]] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    encoding: str = "cp1252"


def check_dictionary(data: bytes, encoding: str | None = None) -> None:
    """Raise ``Unsound`` where the records before the data do not fit each other.

    Each piece of a text has its place; value labels name variables that exist and are of one kind, numbers or texts, and
    shown as such; and the texts that carry labels can be decoded.
    """
    found = _Dictionary()
    for kind, numbers, body in _records(data):
        if kind == _VARIABLE:
            _check_width(numbers[0], found.widths)
            found.widths.append(numbers[0])
            found.formats.append(numbers[1:])
        elif kind == _LABELS:
            found.values = [body[place : place + 8] for place in numbers]
        elif kind == _LABELLED and _are_texts(numbers, found):
            found.texts += found.values
        elif kind == _EXTENSION:
            found.encoding = _encoding(numbers, body) or found.encoding
    if found.widths and _pieces(found.widths) > len(found.widths):
        raise Unsound("the last text is cut")
    try:
        for text in found.texts:
            text.decode(encoding or found.encoding)
    except LookupError:
        raise Unsound(f"the encoding {encoding or found.encoding!r} is unknown") from None


def _records(data: bytes) -> Iterator[tuple[int, tuple[int, ...], bytes]]:
    """Yield each record's type, its numbers and its bytes."""
    if len(data) < _HEADER:
        raise Unsound("the header is cut")
    order = next((order for order in "<>" if struct.unpack_from(f"{order}i", data, _LAYOUT_CODE)[0] in (2, 3)), None)
    if order is None:
        raise Unsound("the header names no byte order")
    place = _HEADER
    while True:
        kind = _ints(data, order, place, 1)[0]
        if kind == _END:
            return
        numbers, start, end = _record(data, order, kind, place + 4)
        if end > len(data):
            raise Unsound("a record is longer than the file")
        yield kind, numbers, data[start:end]
        place = end


def _ints(data: bytes, order: str, place: int, count: int) -> tuple[int, ...]:
    if not 0 <= count <= len(data) or place + 4 * count > len(data):
        raise Unsound("a record is longer than the file")
    return struct.unpack_from(f"{order}{count}i", data, place)


def _count(data: bytes, order: str, place: int) -> int:
    count = _ints(data, order, place, 1)[0]
    if count < 0:
        raise Unsound("a record has a negative length")
    return count


def _record(data: bytes, order: str, kind: int, place: int) -> tuple[tuple[int, ...], int, int]:
    """Return the numbers of a record (a variable: width and formats; labels: where each value begins; labelled: places of
    variables; an extension: its kind and the numbers it begins with), where its bytes begin and where the next one does.
    """
    if kind == _VARIABLE:
        width, labelled, missing, *formats = _ints(data, order, place, 5)
        end = place + 28
        if labelled:
            end += 4 + (_count(data, order, end) + 3) // 4 * 4
        return (width, *(one >> 16 & 255 for one in formats)), place, end + 8 * abs(missing)
    if kind == _LABELS:
        start = end = place + 4
        values = []
        for _ in range(_count(data, order, place)):
            _ints(data, order, end, 3)
            values.append(end - start)
            end += 8 + (data[end + 8] + 8) // 8 * 8
        return tuple(values), start, end
    if kind == _EXTENSION:
        subtype, size, pieces = (_count(data, order, place + 4 * step) for step in range(3))
        start = place + 12
        known = _ints(data, order, start, 8) if subtype == _MACHINE and size * pieces >= 32 else ()
        return (subtype, *known), start, start + size * pieces
    if kind not in (_LABELLED, _DOCUMENT):
        raise Unsound(f"a record is of an unknown type ({kind})")
    count = _count(data, order, place)
    if kind == _DOCUMENT:
        return (), place, place + 4 + 80 * count
    return _ints(data, order, place + 4, count), place, place + 4 + 4 * count


def _encoding(numbers: tuple[int, ...], body: bytes) -> str | None:
    """Return the name that Python has for the encoding of an extension; None where it is of another kind."""
    name = ""
    if numbers[0] == _ENCODING:
        name = body.decode("ascii", errors="replace").strip("\0 ")
    elif numbers[0] == _MACHINE and len(numbers) > 8:
        name = {65001: "utf-8", 2: "ascii", 3: "latin-1"}.get(numbers[8], f"cp{numbers[8]}")
    try:
        return codecs.lookup(name).name if name else None
    except (LookupError, ValueError):
        return None


def _pieces(widths: list[int]) -> int:
    """Return how many records the variables up to the last one need."""
    last = max(place for place, width in enumerate(widths) if width >= 0)
    return last + max(1, (widths[last] + 7) // 8)


def _check_width(width: int, widths: list[int]) -> None:
    if not -1 <= width <= _LONGEST or (width < 0 and (not widths or _pieces(widths) <= len(widths))):
        raise Unsound("a variable has an impossible width")
    if width >= 0 and widths and _pieces(widths) != len(widths):
        raise Unsound("a text is cut")


def _are_texts(places: tuple[int, ...], found: _Dictionary) -> bool:
    """Tell whether the variables that share labels are texts; raise where they cannot share them."""
    named = [(found.widths[place - 1], found.formats[place - 1]) if 0 < place <= len(found.widths) else (-1, ())
             for place in places]
    suited = all(width >= 0 and {one in _TEXT_FORMATS for one in formats} == {width > 0}
                 for width, formats in named)
    if not suited or len({width > 0 for width, _ in named}) > 1:
        raise Unsound("value labels name a variable that they cannot belong to")
    return any(width > 0 for width, _ in named)
