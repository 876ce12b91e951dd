"""Deal each group its own study, and put what was planted into a sealed envelope for the facilitator."""

from __future__ import annotations

import base64
import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from personakit.errors import ChoiceError, StudyError, unknown_name
from personakit.samples import Places, Planted, known_places, move_plants, plant_recipe, recipe_of, write_sample
from personakit.samples.recipes import Recipe
from personakit.schema import PARTICIPANT, PERSONA
from personakit.wording import check_language, say_key
from personakit.workshop.paper import write_paper
from personakit.workshop.truth import journeys_of

#: what a workshop can be held on; ``bruit`` is dealt with ``noise``
SAMPLES = ("lunettes", "agence")
#: of `agence` more than in the sample: of 40 people one group in five cannot tell its personas (benchmarks/workshop.csv: 90)
PEOPLE = {"lunettes": 800, "agence": 90}
ENVELOPE, ANSWERS, MAP = "answers.sealed", "answers.toml", "map.csv"
MOST_GROUPS = 20
#: how much the sizes of personas vary from group to group (standard deviation of their logarithm)
VARIATION = 0.2
#: what a group is asked for
QUESTIONS = ("personas", "friction", "channel_break", "content_gap")


def deal_workshop(
    folder: str | Path, *, groups: int = 5, seed: int, sample: str = "lunettes", noise: bool = True, language: str = "fr",
) -> Path:
    """Write a folder a group, each with a study of its own and a form for its answers, and the facilitator's folder.

    Use it the day before. Groups get other people, other sizes, another friction, broken hand-over and gap of content and,
    of ``lunettes``, three or four personas, so that nobody can copy an answer (beyond five groups, places come again in
    other company). With ``noise`` one group, drawn by the seed, gets a study without any personas: the group that finds
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
    children = chance.spawn(groups)
    recipes = [_recipe("bruit" if place == nobody else sample, sample, child) for place, child in enumerate(children)]
    places = _spread(recipes, sample, drawn)
    truths = {}
    for number, (recipe, to, child) in enumerate(zip(recipes, places, children, strict=True), start=1):
        planted = plant_recipe(move_plants(recipe, to, nothing=number == nobody + 1), seed=int(child.generate_state(1)[0]))
        _write_group(home / f"group-{number}", planted, language)
        truths[f"group-{number}"] = {"language": language, **_truth(planted)}
    seal(truths, home / "facilitator" / ENVELOPE)
    write_paper(home / "facilitator" / "paper", language=language)
    return home


def _recipe(name: str, sample: str, chance: np.random.SeedSequence) -> Recipe:
    rng = np.random.default_rng(chance)
    recipe = _varied(recipe_of(name), rng, drop=name == "lunettes" and bool(rng.random() < 0.5))
    # a study without personas is called like the others, and has as many people
    return replace(recipe, people=PEOPLE[sample], name=sample)


def _spread(recipes: Sequence[Recipe], sample: str, rng: np.random.Generator) -> list[Places]:
    """Draw places so that groups share none as long as there are others; a gap is of a kind that somebody there likes."""
    known = known_places(recipe_of(sample))
    order = {name: [all_of[one] for one in rng.permutation(len(all_of))] for name, all_of in known.items()}
    gaps: list[tuple[str, str]] = []
    for recipe in recipes:
        liked = {max((share, kind) for kind, share in one.content.items())[1] for one in recipe.personas}
        fitting = [one for one in order["gap"] if one[0] in liked or len(recipe.personas) == 1]
        gaps.append(min(fitting, key=gaps.count))
    size = len(order["friction"])
    # where all places are used up, they come again in other company
    return [Places(friction=order["friction"][at % size], broken=order["broken"][(at + at // size) % len(order["broken"])],
                   gap=gap) for at, gap in enumerate(gaps)]


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
    _write(folder / MAP, say_key("workshop.map_form", language).strip() + "\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _truth(planted: Planted) -> dict[str, Any]:
    """Gather what the debrief compares with: answers to the questions, and the persona of everyone who clearly has one."""
    effects, people = planted.effects, planted.truth["personas"]
    many = len(planted.recipe.personas) > 1
    clear = people[people["share"] == 1]
    rows = planted.recipe.words["touchpoints"]
    touchpoint = {row[0]: row[1] for row in rows}
    return {
        "personas": len(planted.recipe.personas) if many else 0,
        "names": {name: one["share"] for name, one in effects["personas"].items()},
        "friction": [touchpoint[event] for event in planted.recipe.friction],
        "channel_break": [list(pair) for pair in planted.recipe.breaks if pair[0]],
        "content_gap": effects["without_content"],
        "people": dict(zip(clear[PARTICIPANT], clear[PERSONA], strict=True)) if many else {},
        "stage_of": {row[1]: row[2] for row in rows},
        "journeys": journeys_of(planted),
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
