"""Deal each group its own study, and put what was planted into a sealed envelope for the facilitator."""

from __future__ import annotations

import base64
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.samples import Planted, plant_recipe, recipe_of, write_sample
from personakit.samples.recipes import Recipe
from personakit.schema import PARTICIPANT, PERSONA
from personakit.wording import check_language, say_key
from personakit.workshop.paper import write_paper

#: what a workshop can be held on; ``bruit`` is dealt with ``noise``
SAMPLES = ("lunettes", "agence")
PEOPLE = {"lunettes": 800, "agence": 40}
ENVELOPE, ANSWERS = "answers.sealed", "answers.toml"
MOST_GROUPS = 20
#: how much the sizes of personas vary from group to group (standard deviation of their logarithm)
VARIATION = 0.2
#: what a group is asked for
QUESTIONS = ("personas", "friction", "channel_break", "content_gap")


def deal_workshop(
    folder: str | Path, *, groups: int = 5, seed: int, sample: str = "lunettes", noise: bool = True, language: str = "fr",
) -> Path:
    """Write a folder a group, each with a study of its own and a form for its answers, and the facilitator's folder.

    Use it the day before. Groups get other people, other sizes and, of ``lunettes``, three or four personas, so that nobody
    can copy a number. With ``noise`` one group, drawn by the seed, gets a study without any personas: the group that finds
    some there learns the most. Nothing in a group's folder tells the truth; the envelope keeps honest people honest and is
    not encrypted.

    Parameters
    ----------
    folder
        A new or empty folder.
    groups
        1 to 20.
    seed
        The same seed deals the same studies.
    sample
        ``lunettes`` (logs, answers, interviews) or ``agence`` (interviews and few people; nobody gets noise).
    noise
        Whether one group of three or more gets a study without personas.
    language
        ``fr`` or ``en``, of the forms and sheets.

    Returns
    -------
    Path of the folder: ``group-1`` …, and ``facilitator`` (``answers.sealed``, and the sheets to print).

    Raises
    ------
    StudyError
        The folder holds something, or the number of groups is not 1 to 20.
    ChoiceError
        An unknown sample.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     made = deal_workshop(home, groups=2, seed=3, sample="agence", language="en")
    ...     sorted(path.name for path in made.iterdir()), (made / "group-1" / "truth").exists()
    (['facilitator', 'group-1', 'group-2'], False)
    """
    if sample not in SAMPLES:
        raise ChoiceError(unknown_name("sample", sample, SAMPLES))
    if not 1 <= groups <= MOST_GROUPS:
        raise StudyError(f"groups: {groups} cannot be dealt. Give a number from 1 to {MOST_GROUPS}.")
    check_language(language)
    home = Path(folder)
    if home.exists() and any(home.iterdir()):
        raise StudyError(f"{home}: holds files already. Name a new or an empty folder.")
    chance = np.random.SeedSequence(seed)
    drawn = np.random.default_rng(chance.spawn(1)[0])
    nobody = int(drawn.integers(groups)) if noise and groups >= 3 and sample == "lunettes" else -1
    truths = {}
    for place, child in enumerate(chance.spawn(groups)):
        name = f"group-{place + 1}"
        planted = _planted("bruit" if place == nobody else sample, sample, child)
        _write_group(home / name, planted, language)
        truths[name] = _truth(planted)
    seal(truths, home / "facilitator" / ENVELOPE)
    write_paper(home / "facilitator" / "paper", language=language)
    return home


def _planted(name: str, sample: str, chance: np.random.SeedSequence) -> Planted:
    rng = np.random.default_rng(chance)
    recipe = _varied(recipe_of(name), rng, drop=name == "lunettes" and bool(rng.random() < 0.5))
    # a study without personas is called like the others, and has as many people
    return plant_recipe(replace(recipe, people=PEOPLE[sample], name=sample), seed=int(rng.integers(2**31)))


def _varied(recipe: Recipe, rng: np.random.Generator, *, drop: bool) -> Recipe:
    """Give the personas other sizes and, with ``drop``, leave one out."""
    count = len(recipe.personas)
    kept = sorted(rng.permutation(count)[: count - 1]) if drop and count > 3 else list(range(count))
    shares = np.array([recipe.personas[one].share for one in kept]) * np.exp(VARIATION * rng.standard_normal(len(kept)))
    shares = np.round(shares / shares.sum(), 4)
    shares[0] += 1 - shares.sum()
    personas = tuple(replace(recipe.personas[one], share=float(share)) for one, share in zip(kept, shares, strict=True))
    return replace(
        recipe, personas=personas, interviews=tuple(recipe.interviews[one] for one in kept),
        speaks=tuple(int(one) for one in kept) if count > 1 else (),
        attributes={name: {level: tuple(values[one] for one in kept) for level, values in levels.items()}
                    for name, levels in recipe.attributes.items()})


def _write_group(folder: Path, planted: Planted, language: str) -> None:
    write_sample(planted, folder)
    shutil.rmtree(folder / "truth")
    _write(folder / "README.md", say_key("workshop.group_readme", language).strip() + "\n")
    _write(folder / ANSWERS, say_key("workshop.form", language).strip() + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _truth(planted: Planted) -> dict[str, Any]:
    """Gather what the debrief compares with: answers to the questions, and the persona of everyone who clearly has one."""
    effects, people = planted.effects, planted.truth["personas"]
    many = len(planted.recipe.personas) > 1
    clear = people[people["share"] == 1]
    touchpoint = {row[0]: row[1] for row in planted.recipe.words["touchpoints"]}
    pairs = [pair for pair in planted.recipe.breaks if pair[0]]
    return {
        "personas": len(planted.recipe.personas) if many else 0,
        "names": {name: one["share"] for name, one in effects["personas"].items()},
        "friction": [touchpoint[event] for event in planted.recipe.friction],
        "channel_break": [list(pair) for pair in pairs],
        "content_gap": effects["without_content"],
        "people": dict(zip(clear[PARTICIPANT], clear[PERSONA], strict=True)) if many else {},
    }


def seal(truths: Mapping[str, Any], path: Path) -> Path:
    """Write the truths so that nobody reads them by accident: packed, not encrypted."""
    text = json.dumps(truths, ensure_ascii=False, sort_keys=True)
    packed = base64.encodebytes(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
    _write(path, "personakit workshop, sealed answers. Open with: personakit debrief\n" + packed)
    return path


def unseal(path: Path) -> dict[str, Any]:
    """Open what ``seal`` wrote; ``StudyError`` where it is something else."""
    try:
        packed = path.read_text(encoding="ascii").partition("\n")[2]
        truths = json.loads(zlib.decompress(base64.decodebytes(packed.encode("ascii"))))
    except (OSError, ValueError, zlib.error):
        raise StudyError(f"{path.name}: cannot be opened. Give the folder that `personakit workshop` wrote.") from None
    if not isinstance(truths, dict):
        raise StudyError(f"{path.name}: cannot be opened. Give the folder that `personakit workshop` wrote.")
    return truths
