"""The output folder: written aside, swapped in when it is whole, and described by its manifest."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from personakit.errors import StudyError, first_five
from personakit.export.tables import plain, records
from personakit.records import Study

MANIFEST = "manifest.json"
SCHEMA = "personakit.manifest/1"
PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "jinja2", "narwhals")


@contextmanager
def finished_folder(out: str | Path) -> Iterator[Path]:
    """Give an empty folder beside ``out`` to write into, and put it in the place of ``out`` once all went well.

    Use it around everything that writes one result: a reader of ``out`` sees the last finished result or the new one,
    never a mix. On any exception, Ctrl-C included, ``out`` stays as it was and nothing is left beside it.

    Parameters
    ----------
    out
        The folder to make or to replace. It is replaced only if it is empty, or holds what an earlier run wrote and
        nothing else.

    Yields
    ------
    The folder to write into.

    Raises
    ------
    StudyError
        ``out`` is a file, holds files that personakit did not write, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     with finished_folder(Path(home) / "out") as folder:
    ...         _ = (folder / "manifest.json").write_text('{"schema": "personakit.manifest/1"}')
    ...     sorted(path.name for path in Path(home).rglob("*"))
    ['manifest.json', 'out']
    """
    out = Path(out).resolve()
    check_replaceable(out)
    temporary = out.parent / f".{out.name}.{os.getpid()}.partial"
    made = [folder for folder in (out.parent, *out.parent.parents) if not folder.exists()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
    except OSError as error:
        raise StudyError(f"out: {out} cannot be written ({error.strerror}). Name a folder that you may write to.") from None
    try:
        yield temporary
        _swap(temporary, out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        for folder in made:
            folder.rmdir()
        raise


def staged(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder, all or none: each is written whole beside its place first.

    Returns
    -------
    The paths, in the order of ``files``.

    Raises
    ------
    StudyError
        The folder cannot be written, or the disk is full. Files that were there stay as they were.

    Examples
    --------
    >>> staged(Path("nowhere"), {})
    []
    """
    if not files:
        return []
    aside = [(folder / f".{name}.{os.getpid()}.partial", folder / name, content) for name, content in files.items()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for partial, _, content in aside:
            partial.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        for partial, path, _ in aside:
            partial.replace(path)
    except OSError as error:
        raise StudyError(f"{folder} cannot be written ({error.strerror}). Nothing was left half-written; name a folder that "
                         "you may write to, on a disk with room.") from None
    finally:
        for partial, _, _ in aside:
            if folder.is_dir():
                partial.unlink(missing_ok=True)
    return [path for _, path, _ in aside]


def check_replaceable(out: str | Path) -> None:
    """Raise ``StudyError`` where ``out`` is something that a new result must not replace: call it before long work.

    Examples
    --------
    >>> check_replaceable("a-folder-that-does-not-exist")
    """
    out = Path(out)
    if not out.exists():
        return
    if not out.is_dir():
        raise StudyError(f"out: {out} is a file. Name a folder.")
    inside = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    strange = [name for name in inside if name not in _written(out / MANIFEST)]
    if strange:
        raise StudyError(f"out: {out} holds files that personakit did not write ({len(strange)}: {first_five(strange)}). "
                         "Name another folder, or move them away.")


def _written(manifest: Path) -> set[str]:
    """Name the files that the run of this manifest wrote, itself included; none where it is not one of ours."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(content, dict) or not str(content.get("schema", "")).startswith("personakit.manifest/"):
        return set()
    files = content.get("files", {})
    return {MANIFEST, *(files if isinstance(files, dict) else {})}


def _swap(new: Path, out: Path) -> None:
    if not out.exists():
        new.rename(out)
        return
    check_replaceable(out)  # someone may have put files there while we worked
    old = out.parent / f".{out.name}.{os.getpid()}.old"
    shutil.rmtree(old, ignore_errors=True)
    try:
        out.rename(old)
        new.rename(out)
    except BaseException:
        if old.exists() and not out.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def save_manifest(folder: str | Path, *, study: Study, parameters: Mapping[str, object], seed: int) -> Path:
    """Write ``manifest.json``: what came in, what was set aside and why, how it was run, and the digest of every file.

    Write it last: it lists the files that are in ``folder``. It holds no clock and no absolute path, so the same input,
    parameters and versions give the same bytes.

    Parameters
    ----------
    folder
        The folder that holds the finished files.
    study
        Its ``sources`` and ``set_aside`` say which rows came in.
    parameters, seed
        What the run was asked to do.

    Returns
    -------
    The path of the manifest, with the keys schema, study, seed, parameters, sources, set_aside, versions, files.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> people = pd.DataFrame({"participant_id": ["p1"]})
    >>> with tempfile.TemporaryDirectory() as home:
    ...     path = save_manifest(home, study=Study(name="tiny", participants=people), parameters={"k": [2]}, seed=7)
    ...     json.loads(path.read_text())["parameters"]
    {'k': [2]}
    """
    folder = Path(folder)
    versions = {"python": platform.python_version(), "personakit": _version("personakit-research")}
    content = {
        "schema": SCHEMA,
        "study": study.name,
        "seed": seed,
        "parameters": {name: plain(value) for name, value in sorted(parameters.items())},
        "sources": records(study.sources),
        "set_aside": records(study.set_aside.drop(columns="first", errors="ignore")),  # who was set aside stays here
        "versions": versions | {name: _version(name) for name in PACKAGES},
        "files": {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                  for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / MANIFEST},
    }
    return write_json(content, folder / MANIFEST)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def write_json(content: object, path: Path) -> Path:
    """Write a JSON file: two spaces, UTF-8, one newline at the end, never NaN."""
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path
