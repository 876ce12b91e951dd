"""The XML of REFI-QDA, read leniently: a root element becomes a ``Project``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.etree.ElementTree import Element

from personakit.collect.interviews.projects import (
    ATTRIBUTE_FIELDS,
    CASE_REFERENCE,
    CODE_FIELDS,
    CODING_FIELDS,
    SPAN_FIELDS,
    UNKNOWN_CODE,
    Project,
    rows,
)
from personakit.collect.reading.source import local_name

#: source, text, start, end
Place: TypeAlias = tuple[str, str | None, int | None, int | None]
#: texts that belong to a source of another kind
_TEXTS = ("Representation", "TextDescription", "Transcript")
_FARTHEST = 2**53


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is found on the way through a document. Keys are ``code``, ``case``, ``source`` or ``text`` and the guid.

    ``text``: gives the text that goes by the first of several names there is. ``codes``: the fields of each. ``within``:
    text -> source. ``places``: guid of a selection -> where it lies. ``users``, ``variables``: guid -> name.
    """

    text: Callable[..., str | None]
    codes: dict[str, list[object]] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    homes: dict[str, tuple[str, str]] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    codings: list[tuple[object, ...]] = field(default_factory=list)
    spans: list[tuple[object, ...]] = field(default_factory=list)
    attributes: list[tuple[object, ...]] = field(default_factory=list)
    notes: dict[str, list[object]] = field(default_factory=dict)


def read_project(root: Element, text: Callable[..., str | None]) -> Project:
    """Return what a project or a codebook holds; ``text`` gives the text that goes by the first of several names."""
    found = Found(text=text)
    for user in _inside(root, "Users", "User"):
        found.users.setdefault(_guid(user), _name(user) or " ".join((user.get("id") or "").split()) or _guid(user))
    for variable in _inside(root, "Variables", "Variable"):
        found.variables.setdefault(_guid(variable), _name(variable) or _guid(variable))
    _read_codes(found, root)
    cases: dict[str, Element] = {}
    for case in _inside(root, "Cases", "Case"):
        key = _new_key(found, case, cases, "case")
        cases[key], found.cases[key] = case, _name(case)
    for source in _inside(root, "Sources", "*"):
        if local_name(source.tag).endswith("Source"):
            _read_source(found, source)
    for key, case in cases.items():
        _read_case(found, key, case)
    _read_sets(found, root)
    return Project(
        codes=rows(CODE_FIELDS, found.codes.values()), sources=rows(("key", "name"), found.sources.items()),
        cases=rows(("key", "name"), found.cases.items()), texts=found.texts, homes=found.homes,
        codings=rows(CODING_FIELDS, found.codings), spans=rows(SPAN_FIELDS, found.spans),
        attributes=rows(ATTRIBUTE_FIELDS, found.attributes), notes=found.notes)


# ---------------------------------------------------------------- small parts
def _guid(element: Element, name: str = "guid") -> str:
    return (element.get(name) or "").strip().strip("{}").casefold()


def _name(element: Element) -> str:
    return " ".join((element.get("name") or "").split())


def _inside(element: Element, *path: str) -> Iterator[Element]:
    """Yield the elements at the end of a path of names; ``*`` is any."""
    found = [element]
    for name in path:
        found = [child for one in found for child in one if name in ("*", local_name(child.tag))]
    yield from found


def _targets(element: Element, name: str) -> list[str]:
    return [_guid(child, "targetGUID") or _guid(child) for child in _inside(element, name)]


def _new_key(found: Found, element: Element, taken: Collection[str], kind: str) -> str:
    """Return a key made of the guid, or another where there is none or one before had it: references mean the first."""
    guid = _guid(element)
    key, place = f"{kind} {guid}", len(taken)
    if guid and key not in taken:
        return key
    if guid:
        _note(found, "same_guids", _name(element) or guid)
    while (key := f"{kind} {guid} {place}") in taken:
        place += 1
    return key


def _note(found: Found, key: str, name: object) -> None:
    found.notes.setdefault(key, []).append(name)


def _position(element: Element, name: str) -> int:
    """Return a position, -1 where it is none."""
    try:
        value = int(element.get(name) or "")
    except ValueError:
        return -1
    return value if 0 <= value < _FARTHEST else -1


# ---------------------------------------------------------------- codes, sets, cases
def _read_codes(found: Found, root: Element) -> None:
    tops = [*_inside(root, "Codes", "Code"), *_inside(root, "CodeBook", "Codes", "Code")]
    waiting: list[tuple[Element, str | None]] = [(top, None) for top in reversed(tops)]
    while waiting:
        element, parent = waiting.pop()
        key = _new_key(found, element, found.codes, "code")
        meaning = " ".join(" ".join((one.text or "").split()) for one in _inside(element, "Description"))
        codable = (element.get("isCodable") or "true").strip().casefold() not in ("false", "0")
        found.codes[key] = [key, _name(element) or f"code {len(found.codes) + 1}", parent, meaning,
                            element.get("color") or "", "", codable]
        waiting += [(child, key) for child in reversed([*_inside(element, "Code")])]


def _read_sets(found: Found, root: Element) -> None:
    for element in _inside(root, "Sets", "Set"):
        name = _name(element) or _guid(element)
        for guid in _targets(element, "MemberCode"):
            code = found.codes.get(f"code {guid}")
            if code is None:
                _note(found, "dangling", name)
            else:
                code[5] = f"{code[5]}; {name}" if code[5] else name
        for guid in _targets(element, "MemberSource"):
            if f"source {guid}" in found.sources:
                found.attributes.append((f"source {guid}", f"set: {name}", "1"))
            else:
                _note(found, "dangling", name)


def _read_case(found: Found, key: str, case: Element) -> None:
    for guid in _targets(case, "CodeRef"):
        code = f"code {guid}" if f"code {guid}" in found.codes else None
        found.codings.append((None, None, None, None, code, None, None, None, key, None, None if code else UNKNOWN_CODE))
    for guid in (*_targets(case, "SourceRef"), *_targets(case, "SelectionRef")):
        source = f"source {guid}" if f"source {guid}" in found.sources else found.homes.get(f"text {guid}", ("", ""))[0]
        places: list[Place] = [(source, None, None, None)] if source else found.places.get(guid, []) if guid else []
        found.spans.extend((key, *place) for place in places)
        if not places:
            _note(found, "dangling", found.cases[key] or guid)
    _read_values(found, key, case)


def _read_values(found: Found, owner: str, element: Element) -> None:
    for one in _inside(element, "VariableValue"):
        variable = next(iter(_targets(one, "VariableRef")), "")
        value = next((child.text for child in one if local_name(child.tag) != "VariableRef"), None)
        if value and value.strip():
            found.attributes.append((owner, found.variables.get(variable, variable), value.strip()))


# ---------------------------------------------------------------- sources
def _read_source(found: Found, element: Element) -> None:
    key = _new_key(found, element, found.sources, "source")
    found.sources[key] = _name(element) or f"source {len(found.sources) + 1}"
    _read_values(found, key, element)
    is_text = local_name(element.tag) == "TextSource"
    texts = [element] if is_text else [child for child in element if local_name(child.tag) in _TEXTS]
    for place, text in enumerate(texts, start=1):
        _read_text(found, key, text, "" if place == 1 else f" ({place})")
    if not is_text:
        _read_selections(found, key, None, element)


def _read_text(found: Found, source: str, element: Element, more: str) -> None:
    key = _new_key(found, element, found.homes, "text")
    raw = next((one.text or "" for one in _inside(element, "PlainTextContent")), None)
    if raw is None:
        names = (_guid(element), f"{{{_guid(element)}}}", _name(element))
        raw = found.text(element.get("plainTextPath") or "", *(f"{name}.txt" for name in names), _name(element))
    if raw is None:
        _note(found, "missing_texts", found.sources[source] + more)
    else:
        found.texts[key] = raw
    found.homes[key] = (source, more)
    _read_selections(found, source, key, element)


def _read_selections(found: Found, source: str, text: str | None, element: Element) -> None:
    sync = {_guid(one): _position(one, "position") for one in _inside(element, "SyncPoint")}
    for one in element:
        if local_name(one.tag) == "Coding":
            _read_coding(found, one, (source, None, None, None), element)
        elif local_name(one.tag).endswith("Selection"):
            place = _place(one, source, text, sync)
            found.places.setdefault(_guid(one), []).append(place)
            codings = [*_inside(one, "Coding")]
            for coding in codings:
                _read_coding(found, coding, place, one)
            if not codings:
                _note(found, "uncoded_selections", _name(one) or found.sources[source])


def _place(one: Element, source: str, text: str | None, sync: dict[str, int]) -> Place:
    kind = local_name(one.tag)
    if text is None or kind not in ("PlainTextSelection", "TranscriptSelection"):
        return source, None, None, None
    if kind == "TranscriptSelection":
        start, end = (sync.get(_guid(one, side), -1) for side in ("fromSyncPoint", "toSyncPoint"))
    else:
        start, end = _position(one, "startPosition"), _position(one, "endPosition")
    return source, text, start, end


def _words(one: Element, place: Place) -> tuple[str | None, str | None]:
    """Return the project's own copy of the words of a selection, or a hint at the first of them."""
    copy = next((words.text for words in _inside(one, "Representation", "PlainTextContent")), None)
    if copy is not None or place[2] is None or place[3] is None:
        return copy, None
    name = one.get("name") or ""
    # programs name a selection by its words, cut short with dots, or by its positions ("10,19"); a name of another length
    # is its author's
    if len(name) == place[3] - place[2] and any(letter.isalpha() for letter in name):
        return name, None
    return None, name if name.rstrip().endswith(("\u2026", "...")) else None


def _read_coding(found: Found, coding: Element, place: Place, selection: Element) -> None:
    user = _guid(coding, "creatingUser") or _guid(selection, "creatingUser")
    chosen = local_name(selection.tag).endswith("Selection")
    copy, hint = _words(selection, place) if chosen else (None, None)
    for target in _targets(coding, "CodeRef") or [""]:
        code, case = f"code {target}", f"case {target}"
        reason = None if code in found.codes else CASE_REFERENCE if case in found.cases else UNKNOWN_CODE
        if reason == CASE_REFERENCE:
            found.spans.append((case, *place))
        found.codings.append((*place, None if reason else code, copy, hint, found.users.get(user, user) or None, None,
                              _guid(selection) or None if chosen else None, reason))
