"""The list of codes of a project: their full paths, no two alike, what they mean and how often they were given."""

from __future__ import annotations

import pandas as pd

from personakit.collect.reading.options import Options
from personakit.errors import StudyError
from personakit.schema import CODE

CODE_NAMES = ("path", "own")
_MOST_LETTERS = 50_000_000


def unique_names(names: pd.Series) -> pd.Series:
    """Return names with a number behind each that stood before.

    Examples
    --------
    >>> unique_names(pd.Series(["price", "price", "trust"])).tolist()
    ['price', 'price (2)', 'trust']
    """
    taken: set[str] = set()
    met: dict[str, int] = {}
    out = []
    for name in names:
        new = name
        while new in taken:
            met[name] = met.get(name, 1) + 1
            new = f"{name} ({met[name]})"
        taken.add(new)
        out.append(new)
    return pd.Series(out, index=names.index, dtype="str")


def code_paths(codes: pd.DataFrame, separator: str, options: Options) -> pd.Series:
    """Return the path of each code, by its key: the names of its ancestors, then its own.

    A parent that is no code, or that is its own ancestor, counts as none. Paths may repeat.
    """
    names, parents = (dict(zip(codes["key"], codes[column], strict=True)) for column in ("name", "parent"))
    paths: dict[str, str] = {}
    letters = 0
    for key in names:
        chain: dict[str, None] = {}
        one = key
        while one in names and one not in paths and one not in chain:
            chain[one] = None
            one = parents[one]
        above = paths.get(one)
        for one in reversed(chain):
            paths[one] = above = names[one] if above is None else f"{above}{separator}{names[one]}"
            letters += len(above)
            if letters > _MOST_LETTERS:
                raise StudyError(f"{options.where}: nests its codes so deep, or names them so long, that their paths take "
                                 f"more than {_MOST_LETTERS:,} letters. Do not trust this file.")
    return pd.Series(paths, dtype="str").reindex(list(names))


def code_labels(codes: pd.DataFrame, paths: pd.Series, options: Options) -> pd.Series:
    """Return what each code is called, by its key: its path, or where asked its own name if no other code has it."""
    if options.choice("code_names", CODE_NAMES) != "own":
        return unique_names(paths)
    own = codes[codes["codable"].astype(bool)].set_index("key")["name"].reindex(paths.index)
    return unique_names(own.where(own.notna() & ~own.duplicated(keep=False), paths))


def list_codes(codes: pd.DataFrame, paths: pd.Series, labels: pd.Series, given: pd.Series) -> pd.DataFrame:
    """Return one row a code that may be given, or was: code, name, parent (its path), description, color, sets, used."""
    used = given.value_counts().reindex(codes["key"]).fillna(0).to_numpy(dtype="int64")
    out = pd.DataFrame({CODE: labels.reindex(codes["key"]).to_numpy(), **{name: codes[name].to_numpy() for name in
                        ("name", "parent", "description", "color", "sets")}})
    out["parent"] = out["parent"].map(paths)
    out = out.replace("", None).astype("str").assign(used=used)
    return out[(used > 0) | codes["codable"].to_numpy(dtype=bool)].reset_index(drop=True)
