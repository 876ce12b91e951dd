"""The files of a log: one, those of a folder, or those that a pattern such as ``logs/*.parquet`` finds."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from personakit.collect.reading.options import Options
from personakit.collect.reading.source import read_head, sha256_of
from personakit.errors import StudyError

MOST_FILES = 100_000
#: a log of more bytes than this is not loaded but scanned where it lies; Parquet packs more events into a byte
LARGE_TEXT, LARGE_PARQUET = 64 << 20, 16 << 20


def files_of(options: Options) -> tuple[Path, ...]:
    """Return the files that ``options.path`` names, sorted. Raises ``StudyError`` where there are none."""
    try:
        found = list_files(options.path)
    except (OSError, ValueError, IndexError, NotImplementedError) as error:
        raise StudyError(f"{options.where}: {options.path} cannot be listed ({error}). Correct file = {options.file!r} "
                         f"under [{options.table}].") from None
    if not found:
        raise StudyError(f"{options.where}: {options.path} cannot be read (no file is named so). Correct file = "
                         f"{options.file!r} under [{options.table}]; a pattern such as logs/*.parquet names several.")
    if len(found) > MOST_FILES:
        raise StudyError(f"{options.where}: {options.path} names more than {MOST_FILES:,} files. Name fewer.")
    return tuple(found)


def list_files(path: Path) -> list[Path]:
    """Return the files that a path, a folder or a pattern names, sorted; hidden ones and marks such as _SUCCESS are not."""
    if path.is_file():
        return [path]
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file() and one.name[:1] not in "._")
    parts = path.parts
    magic = next((place for place, part in enumerate(parts) if set(part) & set("*?[")), None)
    if magic is None:
        return []
    return sorted(one for one in Path(*parts[:magic]).glob("/".join(parts[magic:])) if one.is_file())


def digest_of(files: tuple[Path, ...], options: Options) -> str:
    """Return the sha256 of a file; of several, that of the list of theirs with their names."""
    try:
        if len(files) == 1:
            return sha256_of(files[0])
        lines = (f"{sha256_of(one)}  {one.name}\n" for one in files)
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    except OSError as error:
        raise StudyError(f"{options.where}: {error.filename} cannot be read ({error.strerror}). Close it in other programs, "
                         f"or correct file = {options.file!r}.") from None


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    return read_head(path, 4) == b"PAR1"


def is_text_table(path: Path) -> bool:
    """Whether a file may be delimited text: not JSON, XML, a workbook or an archive."""
    head = read_head(path).lstrip(b"\xef\xbb\xbf \t\r\n")
    return bool(head) and not head.startswith((b"{", b"[", b"<", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"))


def is_large(files: tuple[Path, ...]) -> bool:
    """Whether a log is too large to be loaded whole; gzip is taken to hold eight times its bytes."""
    size = sum(one.stat().st_size * (8 if one.suffix == ".gz" else 1) for one in files)
    return size > (LARGE_PARQUET if is_parquet(files[0]) else LARGE_TEXT)


def one_file(options: Options, file: Path) -> Options:
    """Return the options for one of several files, which messages then name."""
    return replace(options, path=file, file=file.name)
