"""REFI-QDA: the exchange format of MAXQDA, NVivo, ATLAS.ti, QualCoder, Quirkos and others (.qdpx, .qde, .qdc)."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Unpack
from xml.etree.ElementTree import Element

from personakit.collect.interviews.projects import OWN, to_reading
from personakit.collect.interviews.qde import read_project
from personakit.collect.privacy.identifiers import without_identifiers
from personakit.collect.reading.cells import decode
from personakit.collect.reading.options import How, Layout, Options, make_options
from personakit.collect.reading.source import local_name, parse_xml, read_bytes, read_zip
from personakit.errors import StudyError, first_five
from personakit.readings import Reading

_ENDINGS = (".qdpx", ".qde", ".qdc")
_TEXT_ENDINGS = ("", ".txt", ".md", ".text")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_qdpx(path: str | PathLike[str], *, participants: str | None = None, offsets: str | None = None,
              code_names: str | None = None, **how: Unpack[How]) -> Reading:
    """Read a REFI-QDA project or codebook: what MAXQDA, NVivo, ATLAS.ti, QualCoder and others exchange.

    Use it for coded interviews of any of these programs: export a REFI-QDA project (.qdpx). It cannot know who speaks
    where the project does not say so by cases, cannot see pictures, sound or the layout of a PDF (their codings are kept,
    without a quote), and reads no memos, links or graphs. Files and folders may be named in any case, sources may be
    missing, ids may have braces; whatever points nowhere is counted.

    Parameters
    ----------
    path
        A .qdpx archive, a bare .qde (its ``sources`` folder beside it is read too), or a .qdc codebook, which has no
        codings: the codes are then empty and the list of codes is full.
    participants
        ``cases`` (the default where the project has any) or ``sources``: who the participants are. A coding belongs to
        the case that most of it lies in, the narrower of equals, and to its source where that is no case's. A source is
        named without its file ending.
    offsets
        What positions count besides characters: ``plain`` (nothing), ``cr`` (both halves of a Windows line break),
        ``bom`` (the mark at the head of a file), ``utf16`` (both halves of an emoji), joined by ``+``; ``utf8`` counts
        bytes. Guessed where it matters: by the copies of the words that the project keeps, then by the edges of words.
    code_names
        ``path`` (default): ``parent > code``; ``own``: the code's own name where no other has it.
    **how
        As ``How``. ``columns`` may fill ``kind``, ``stage``, ``touchpoint`` or ``consent`` from a variable of the cases or
        from a column of the list of codes, and ``participant_id`` from a variable: ``columns={"consent": "Consentement"}``.
        ``keep`` names the variables to keep; ``encoding`` is that of texts that are not UTF-8.

    Returns
    -------
    Reading
        ``codes``: participant_id, code, quote, source, start, end (characters of the text, from 0), coder; a quote is the
        text from start to end. Positions outside the text are emptied, with the quote. ``participants``: participant_id,
        the variables of cases and sources, and ``set: <name>`` (0, 1) for each set of sources. ``code_list``: code, name,
        parent, description, color, sets, used. ``texts``: source, text.

    Raises
    ------
    StudyError
        Where the file is no REFI-QDA file, is damaged, or must not be trusted.
    ChoiceError
        For an unknown keyword or value.

    References
    ----------
    REFI-QDA 1.5 (2019), www.qdasoftware.org.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> book = '<CodeBook><Codes><Code guid="1" name="price"><Code guid="2" name="too dear"/></Code></Codes></CodeBook>'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "codes.qdc")
    ...     _ = file.write_text(book)
    ...     read_qdpx(file).tables["code_list"]["code"].tolist()
    ['price', 'price > too dear']
    """
    options = make_options("codes", path, "qdpx", how, participants=participants, offsets=offsets,
                           code_names=code_names)
    return without_identifiers(read_refi(options), options)


def read_refi(options: Options) -> Reading:
    """Read a REFI-QDA file of any of its three kinds."""
    decode(b"", options)  # an unknown encoding is an error here, not a text that cannot be read
    root, package, sha256 = _open(options)
    project = read_project(root, partial(_text, package))
    notes = {**project.notes, "unreadable_texts": [*package.unreadable]}
    return to_reading(replace(project, notes=notes, guesses=package.guesses), options, sha256=sha256)


@dataclass(frozen=True, kw_only=True)
class Package:
    """The texts that came with a project, by the last part of their name.

    ``guesses`` and ``unreadable`` (names) fill as texts are asked for.
    """

    members: Mapping[str, bytes | Path]
    options: Options
    guesses: dict[str, str]
    unreadable: dict[str, None]


def _text(package: Package, *names: str) -> str | None:
    """Return the text that goes by the first of these names there is, or None."""
    key = next((_last(name) for name in names if _last(name) in package.members), None)
    if key is None:
        return None
    data = package.members[key]
    try:
        if isinstance(data, Path):
            data, _ = read_bytes(replace(package.options, path=data))
        text, guesses = decode(data, package.options)
    except StudyError:
        package.unreadable[key] = None
        return None
    package.guesses.update(guesses)
    return ("\ufeff" if data.startswith(_MARKS) else "") + text.removeprefix("\ufeff")


def _last(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).casefold()


def _open(options: Options) -> tuple[Element, Package, str]:
    if zipfile.is_zipfile(options.path) and options.path.suffix.casefold() not in _ENDINGS[1:]:
        members, sha256 = read_zip(options, _is_wanted)
        projects = [name for name in members if _suffix(name) in _ENDINGS[1:]]
        projects = [name for name in projects if _last(name) == "project.qde"] or projects
        if len(projects) != 1:
            raise StudyError(f"{options.where}: the archive holds {len(projects) or 'no'} project files (.qde) among "
                             f"{first_five(members) or 'nothing'}. Export a REFI-QDA project.")
        name = projects[0]
        data = members.pop(name)
        found: dict[str, bytes | Path] = {_last(one): member for one, member in members.items()}
    else:
        data, sha256 = read_bytes(options)
        name, found = "", _beside(options.path)
    root = parse_xml(data, options, name)
    if local_name(root.tag) not in ("Project", "CodeBook"):
        raise StudyError(f"{options.where}: is XML, but no REFI-QDA project or codebook (it begins with "
                         f"{local_name(root.tag)!r}). Export a REFI-QDA project.")
    return root, Package(members=found, options=options, guesses={}, unreadable={}), sha256


def _beside(path: Path) -> dict[str, bytes | Path]:
    """Return the texts in the folder ``sources`` beside a bare project file."""
    try:
        folders = [one for one in path.parent.iterdir() if one.name.casefold() == "sources" and one.is_dir()]
        return {_last(one.name): one for folder in folders for one in folder.iterdir() if one.is_file()}
    except OSError:
        return {}


def _is_wanted(name: str) -> bool:
    """Choose the project and its texts: media stay packed, and so does what macOS adds to an archive."""
    return _suffix(name) in (*_ENDINGS[1:], *_TEXT_ENDINGS) and not _last(name).startswith("._")


def _suffix(name: str) -> str:
    return Path(_last(name)).suffix


def _recognise(path: Path, head: bytes) -> bool:
    if path.suffix.casefold() in _ENDINGS or b"urn:QDA-XML:" in head[:4096]:
        return path.is_file()
    if not head.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(_suffix(name) == ".qde" for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


QDPX = Layout(table="codes", read=read_refi, recognise=_recognise, own=OWN)
