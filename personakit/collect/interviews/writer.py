"""``save_qda``: personas go back to the analyst's own program, as a REFI-QDA project or codebook."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from personakit.collect.interviews.code_lists import unique_names
from personakit.collect.interviews.passages import Part, Passage, lay_out
from personakit.collect.interviews.projects import CODE_LIST, TEXTS, consent_of
from personakit.collect.reading.source import sha256_of
from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.readings import Reading
from personakit.records import Personas, Study
from personakit.schema import CODE, CODER, CONSENT, PARTICIPANT, PERSONA, check_table

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:personakit:refi-qda")
_NAMESPACES = {".qdpx": "urn:QDA-XML:project:1.0", ".qdc": "urn:QDA-XML:codebook:1.0"}
_SEPARATOR, _DEEPEST = " > ", 100
#: letters that XML cannot hold
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")


def save_qda(personas: Personas | pd.Series, codes: Study | Reading, path: str | PathLike[str], *,
             names: Mapping[str, str] | None = None, texts: bool = False) -> Path:
    """Write the personas of interviewed people where their analyst works: MAXQDA, NVivo, ATLAS.ti, QualCoder, Quirkos.

    Use it to read the interviews again by persona. The file is for the people who hold the interviews: it says who is in
    which persona, so it is not for publication. It cannot carry soft memberships (a participant goes to the persona of
    their largest share), kinds, stages or memos, and leaves out people who were not interviewed.

    Parameters
    ----------
    personas
        From ``choose``, or a Series participant -> persona.
    codes
        What the interviews said: a ``Reading`` of interviews, or a ``Study`` with codes. A reading also gives what codes
        mean, their colours, those never used, and the texts.
    path
        ``.qdpx``: a project. Each participant is a case with the variable ``persona``; each persona is a set of the sources
        that only its participants speak in. ``.qdc``: a codebook. Each persona is a set of the codes that any of its
        participants was given.
    names
        Persona -> its name, where not that of ``personas``.
    texts
        False (default): only quotes whose consent is ``verbatim`` are written, one below the other; other codings stay on
        their source, without words. True: you declare that the words may be in this file; all quotes are written, and the
        whole texts where ``codes`` has them, each coding at its place.

    Returns
    -------
    Path
        The file. The same input gives the same bytes.

    Raises
    ------
    StudyError
        Where there are no codes, nobody with a persona was interviewed, or the file may not be replaced: it is the one the
        codes were read from.
    ChoiceError
        For another ending than .qdpx or .qdc.

    References
    ----------
    REFI-QDA 1.5 (2019), www.qdasoftware.org.

    Examples
    --------
    >>> import tempfile
    >>> people = pd.DataFrame(index=pd.Index(["Ada", "Bob"], name="participant_id"))
    >>> said = pd.DataFrame({"participant_id": ["Ada", "Bob"], "code": ["price", "trust"]})
    >>> study = Study(name="tiny", participants=people, codes=said)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_qda(pd.Series({"Ada": "P1", "Bob": "P2"}), study, f"{folder}/tiny.qdpx").name
    'tiny.qdpx'
    """
    target = Path(path)
    ending = target.suffix.casefold()
    if ending not in _NAMESPACES:
        raise ChoiceError(unknown_name("path: ending", target.suffix, list(_NAMESPACES)))
    frame, code_list, whole = _tables(codes)
    labels, order = _labels(personas, names)
    frame = frame.assign(**{PERSONA: frame[PARTICIPANT].map(labels)})
    if frame[PERSONA].isna().all():
        raise StudyError("personas: nobody who has a persona was interviewed. Give personas of the people in the codes.")
    book = _book(frame, code_list)
    if ending == ".qdc":
        data = _xml(_codebook(frame, book, order))
    else:
        laid = lay_out(frame, whole if texts else {}, everything=texts)
        data = _archive(_project(frame, book, order, laid, target.stem), laid)
    _write(target, data, codes)
    return target


def _tables(codes: Study | Reading) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return the codes, the list of codes (code, description, color) and the texts by source."""
    if isinstance(codes, Study):
        frame, code_list, texts = codes.codes, None, None
    else:
        frame, code_list, texts = (codes.tables.get(name) for name in ("codes", CODE_LIST, TEXTS))
    if frame is None or frame.empty:
        raise StudyError("codes: there are none. Give a reading of interviews, or a study with [codes].")
    frame = check_table("codes", frame)
    if CONSENT in frame:  # a reading has the words of its file
        frame[CONSENT] = frame[CONSENT].map(consent_of, na_action="ignore")
    if code_list is None:
        code_list = pd.DataFrame({CODE: sorted(frame[CODE].unique())})
    return frame, code_list, {} if texts is None else dict(zip(texts["source"], texts["text"], strict=True))


def _labels(personas: Personas | pd.Series, names: Mapping[str, str] | None) -> tuple[pd.Series, list[str]]:
    """Return the name of each participant's persona, and all names in order, no two alike."""
    labels = personas.labels if isinstance(personas, Personas) else personas.dropna().astype("str")
    keys = list(personas.membership.columns) if isinstance(personas, Personas) else sorted(labels.unique())
    known = names if names is not None else personas.names if isinstance(personas, Personas) else {}
    called = unique_names(pd.Series({key: known.get(key, key) for key in keys}, dtype="str"))
    labels = labels.map(called)
    return labels.set_axis(labels.index.astype("str")), list(called)


# ---------------------------------------------------------------- parts of both kinds of file
def guid_of(*parts: object) -> str:
    """Return the id of a thing: the same for the same name, on any machine."""
    return str(uuid.uuid5(_SPACE, "\x1f".join(str(part) for part in parts)))


def _clean(text: object) -> str:
    return _FORBIDDEN.sub("\ufffd", str(text))


def _add(parent: Element, tag: str, **attributes: object) -> Element:
    return SubElement(parent, tag, {name: _clean(value) for name, value in attributes.items()})


def _book(frame: pd.DataFrame, code_list: pd.DataFrame) -> Element:
    """Return the tree of codes; a level that is no code itself cannot be given."""
    about = code_list.set_index(CODE)
    root = Element("Codes")
    nodes: dict[tuple[str, ...], Element] = {}
    for code in dict.fromkeys([*about.index, *frame[CODE]]):
        parts = tuple(str(code).split(_SEPARATOR, _DEEPEST))
        parts = parts if all(part.strip() for part in parts) else (str(code),)
        for depth in range(1, len(parts) + 1):
            path = parts[:depth]
            if path not in nodes:
                nodes[path] = _add(nodes.get(path[:-1], root), "Code", guid=guid_of("code", _SEPARATOR.join(path)),
                                   name=path[-1], isCodable="false")
        nodes[parts].set("isCodable", "true")
        color, meaning = (about[name].get(code) if name in about else None for name in ("color", "description"))
        if isinstance(color, str) and _COLOR.fullmatch(color):
            nodes[parts].set("color", color)
        if isinstance(meaning, str):
            text = Element("Description")
            text.text = _clean(meaning)
            nodes[parts].insert(0, text)
    return root


def _xml(root: Element) -> bytes:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _write(target: Path, data: bytes, codes: Study | Reading) -> None:
    reports = codes.reports if isinstance(codes, Study) else (codes.report,)
    try:
        if target.is_file() and sha256_of(target) in {report.sha256 for report in reports}:
            raise StudyError(f"{target}: is the file that the codes were read from. Choose another name.")
        target.write_bytes(data)
    except OSError as error:
        raise StudyError(f"{target}: cannot be written ({error.strerror}). Choose another folder.") from None


# ---------------------------------------------------------------- the codebook
def _codebook(frame: pd.DataFrame, book: Element, order: list[str]) -> Element:
    root = Element("CodeBook", xmlns=_NAMESPACES[".qdc"], origin="personakit")
    root.append(book)
    sets = SubElement(root, "Sets")
    for name in order:
        one = _add(sets, "Set", guid=guid_of("set", name), name=name)
        for code in dict.fromkeys(frame.loc[frame[PERSONA] == name, CODE]):
            _add(one, "MemberCode", guid=guid_of("code", code))
    return root


# ---------------------------------------------------------------- the project
def _project(frame: pd.DataFrame, book: Element, order: list[str], laid: Mapping[str, Part], name: str) -> Element:
    root = Element("Project", xmlns=_NAMESPACES[".qdpx"], name=_clean(name), origin="personakit")
    coders = list(frame[CODER].dropna().unique()) if CODER in frame else []
    if coders:
        users = SubElement(root, "Users")
        for coder in coders:
            _add(users, "User", guid=guid_of("coder", coder), name=coder)
    SubElement(root, "CodeBook").append(book)
    variable = _add(SubElement(root, "Variables"), "Variable", guid=guid_of("variable", PERSONA), name=PERSONA,
                    typeOfVariable="Text")
    cases = SubElement(root, "Cases")
    for participant, some in frame.groupby(PARTICIPANT, sort=False):
        _add_case(cases, str(participant), some[PERSONA].iloc[0], variable.get("guid"), laid)
    sources = SubElement(root, "Sources")
    for source, part in laid.items():
        _add_source(sources, source, part)
    sets = SubElement(root, "Sets")
    persona = frame.groupby(PARTICIPANT)[PERSONA].first()
    for one in order:
        members = _add(sets, "Set", guid=guid_of("set", one), name=one)
        for source, part in laid.items():
            if all(persona[person] == one for person in part.people):
                _add(members, "MemberSource", targetGUID=guid_of("source", source))
    return root


def _add_case(cases: Element, participant: str, persona: object, variable: object, laid: Mapping[str, Part]) -> None:
    case = _add(cases, "Case", guid=guid_of("case", participant), name=participant)
    shared = {source: part for source, part in laid.items() if len(part.people) > 1 and participant in part.people}
    for part in shared.values():
        for person, code, _ in part.wordless:
            if person == participant:
                _add(case, "CodeRef", targetGUID=guid_of("code", code))
    if isinstance(persona, str):
        value = SubElement(case, "VariableValue")
        _add(value, "VariableRef", targetGUID=variable)
        SubElement(value, "TextValue").text = _clean(persona)
    for source, part in laid.items():
        if part.people == (participant,):
            _add(case, "SourceRef", targetGUID=guid_of("source", source))
    for source, part in shared.items():
        for one in part.passages:
            if one.participant == participant:
                _add(case, "SelectionRef", targetGUID=_passage_guid(source, one))


def _passage_guid(source: str, one: Passage) -> str:
    return guid_of("passage", source, one.participant, one.start, one.end, one.again)


def _add_source(sources: Element, source: str, part: Part) -> None:
    guid = guid_of("source", source)
    element = _add(sources, "TextSource", guid=guid, name=source, plainTextPath=f"internal://{guid}.txt")
    for one in part.passages:
        selection = _add(element, "PlainTextSelection", guid=_passage_guid(source, one), name=one.name,
                         startPosition=one.start, endPosition=one.end)
        for place, (code, coder) in enumerate(one.codings):
            _add_coding(selection, code, coder, _passage_guid(source, one), place)
    if len(part.people) == 1:
        for place, (_, code, coder) in enumerate(part.wordless):
            _add_coding(element, code, coder, guid, place)


def _add_coding(parent: Element, code: str, coder: str | None, *where: object) -> None:
    by = {} if coder is None else {"creatingUser": guid_of("coder", coder)}
    coding = _add(parent, "Coding", guid=guid_of("coding", *where), **by)
    _add(coding, "CodeRef", targetGUID=guid_of("code", code))


def _archive(root: Element, laid: Mapping[str, Part]) -> bytes:
    """Return the zip of a project and its texts; nothing in it depends on the clock or the machine."""
    files = {"project.qde": _xml(root)}
    files |= {f"sources/{guid_of('source', source)}.txt": _clean(part.text).encode() for source, part in laid.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()
