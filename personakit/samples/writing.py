"""``make_sample``: write a planted study as a study folder, the way a team would hold it, with the truth beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from personakit.errors import StudyError
from personakit.samples.planting import SEEDS, plant
from personakit.samples.recipes import Planted
from personakit.schema import (
    CHANNEL,
    CONSENT,
    CONTENT,
    DEVICE,
    EVENT,
    KIND,
    LANGUAGES,
    ORDER,
    OWNER,
    PARTICIPANT,
    STAGE,
    VALUE,
)
from personakit.wording import say_key, term

WORDS = (STAGE, KIND, OWNER, CONSENT)
#: channels and devices as the retailer's systems write them
FRENCH_WORDS = {"shop": "boutique", "call": "téléphone", "tablet": "tablette"}
#: what a French team calls the columns; the others keep the kit's names
FRENCH = {
    "participants": {PARTICIPANT: "client"},
    "answers": {PARTICIPANT: "client"},
    "codes": {PARTICIPANT: "client"},
    "events": {PARTICIPANT: "client", EVENT: "action", "time": "horodatage", ORDER: "ordre", CHANNEL: "canal",
               DEVICE: "appareil", CONTENT: "contenu", VALUE: "montant"},
}


def make_sample(name: str, folder: str | Path, *, seed: int | None = None, participants: int | None = None) -> Path:
    """Write a planted study into ``folder``: study.toml, CSV tables, README.md and ``truth/`` (never read by the kit).

    Use it for workshops and to see a whole analysis on data whose truth is known. A sample is simulated: it says
    nothing about real people.

    Parameters
    ----------
    name : ``lunettes``, ``lunettes_later``, ``agence`` or ``bruit``.
    folder : the study folder to write; made where it is missing, an earlier sample is replaced.
    seed : default as published (lunettes 7, agence 21, bruit 13). The same seed writes the same bytes.
    participants : how many people; default as published (2,000; 40 for ``agence``).

    Returns
    -------
    Path
        The study folder.

    Raises
    ------
    StudyError
        The folder holds something else than a sample.
    ChoiceError
        The name is unknown.
    TooFewError
        Fewer than 30 participants were asked for.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(path.name for path in make_sample("agence", folder, seed=1).glob("*.toml"))
    ['study.toml']
    """
    planted = plant(name, seed=SEEDS.get(name, 0) if seed is None else seed, participants=participants)
    return write_sample(planted, Path(folder))


def write_sample(planted: Planted, folder: Path) -> Path:
    """Write what was planted as a study folder, as ``make_sample`` does."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "truth" / "effects.json").exists():
        raise StudyError(f"{folder}: holds files that are not a sample. Name another folder.")
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for table, frame in planted.tables.items():
        _write_csv(_as_filed(planted, table, frame), folder / f"{table}.csv")
    for table, frame in planted.truth.items():
        _write_csv(frame, folder / "truth" / f"{table}.csv")
    effects = {"sample": planted.recipe.name, "seed": planted.seed, **planted.effects}
    _write(folder / "truth" / "effects.json", json.dumps(effects, ensure_ascii=False, indent=1) + "\n")
    _write(folder / "study.toml", _settings(planted))
    _write(folder / "README.md", _readme(planted))
    return folder


def _as_filed(planted: Planted, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Turn a table into the study's language, with the time as text."""
    language = planted.recipe.language
    frame = frame.copy()
    for column in WORDS:
        if column in frame and not (table == "codebook" and column == KIND):
            frame[column] = frame[column].map(lambda word: term(word, language), na_action="ignore")
    for column in (CHANNEL, DEVICE):
        if column in frame and language == "fr":
            frame[column] = frame[column].replace(FRENCH_WORDS)
    if table == "walkthroughs":
        frame["shop"] = frame["shop"].map(lambda word: term(word, language))
    if table == "events":
        frame.insert(2, "time", _time_text(frame.pop("time_us"), planted.recipe.timezone))
    return frame.rename(columns=FRENCH.get(table, {})) if language == "fr" else frame


def _time_text(time_us: pd.Series, timezone: str) -> np.ndarray:
    """Local time without a zone, to the second; to the millisecond where there is one (bots)."""
    local = pd.to_datetime(time_us, unit="us", utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
    moments = local.to_numpy().astype("datetime64[us]")
    text = np.datetime_as_string(moments, unit="s").astype("U23")
    fraction = moments != moments.astype("datetime64[s]")
    text[fraction] = np.datetime_as_string(moments[fraction], unit="ms")
    return np.char.replace(text, "T", " ")


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    text = frame.copy()
    for column in text.select_dtypes("float"):
        text[column] = text[column].map(lambda value: f"{value:.3f}".rstrip("0").rstrip("."), na_action="ignore")
    _write(path, text.to_csv(index=False, lineterminator="\n"))


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def _settings(planted: Planted) -> str:
    recipe = planted.recipe
    lines = [f'name = "{recipe.called}"', f'language = "{recipe.language}"',
             f'timezone = "{recipe.timezone}"', 'framework = "parcours"']
    for table in planted.tables:
        lines += ["", f"[{table}]", f'file = "{table}.csv"']
        if recipe.language == "fr":
            lines += [f'{ours} = "{theirs}"' for ours, theirs in FRENCH.get(table, {}).items()]
        if table == "events" and recipe.bots:
            lines += [f'{rule} = "set_aside"' for rule in ("unknown_participants", "duplicates", "bots")]
    return "\n".join(lines) + "\n"


def _readme(planted: Planted) -> str:
    rows = {table: len(frame) for table, frame in planted.tables.items()}
    interviewed = planted.tables["codes"][PARTICIPANT].nunique()
    first = planted.recipe.language
    texts = [say_key(f"samples.readme_{planted.recipe.name}", language, seed=str(planted.seed), events=rows["events"],
                     people=rows["participants"] - planted.recipe.bots, answers=rows["answers"],
                     interviewed=interviewed, codes=rows["codes"])
             for language in (first, *(other for other in LANGUAGES if other != first))]
    return "\n---\n\n".join(text.strip() + "\n" for text in texts)
