"""The command line: ``personakit check / run / cards / map / compare / workshop / debrief / assign / sample``.

Every error is one sentence and exit code 2.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from personakit.errors import ChoiceError, StudyError, TooFewError

if TYPE_CHECKING:
    from pandas import DataFrame

    from personakit.records import Study

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False,
                  help="Personas and journeys from logs, surveys and interviews; or the news that there are none.")

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="A study folder: study.toml and its tables.")]
Language = Annotated[str | None, typer.Option(help="fr or en; the study's own language where not given.")]
Formats = Annotated[str, typer.Option(help="With commas between: html, json, pptx, pptx-wide, pdf, png, svg, xlsx, csv, "
                                      "md, stickies; and xml for maps.")]
ThemeName = Annotated[str, typer.Option("--theme", help="colour, grey, or the path of a brand's TOML.")]
Seed = Annotated[int, typer.Option(min=0, help="The seed of everything that draws by chance.")]
Chosen = Annotated[str | None, typer.Option(help="Show this candidate (such as latent_class-4), not the recommended one.")]
Sizes = Annotated[str, typer.Option("--k", help="How many personas to try: 2-8, or 3,4,5.")]


@app.command()
def check(study: StudyFolder) -> None:
    """Read a study and list what is missing, thin, or does not join."""
    from personakit.study import check_study, load_study
    from personakit.wording import say_key, term

    loaded = load_study(study)
    checks = check_study(loaded)
    for line in checks[checks["result"] != "passed"].astype("str").to_dict("records"):
        names = f" ({line['first']})" if line["first"] else ""
        head = f"{term(line['result'], loaded.language)} · {line['table']} · {line['check']}{names}"
        typer.echo(f"{head}\n    {line['what_to_do']}")
    typer.echo(say_key("run.checks_passed", loaded.language, n=int((checks["result"] == "passed").sum())))
    if (checks["result"] == "failed").any():
        raise StudyError(f"{study}: cannot be run yet; see what failed above.")


@app.command()
def run(
    study: StudyFolder,
    out: Annotated[Path, typer.Option(help="The folder to write; a folder of an earlier run is replaced at the end.")],
    sizes: Sizes = "2-8",
    candidate: Chosen = None,
    language: Language = None,
    formats: Formats = "html,json",
    theme: ThemeName = "colour",
    seed: Seed = 7,
) -> None:
    """Run the whole journey: candidates, personas, evidence, journeys, cards, maps and a report."""
    from personakit.run import run_study
    from personakit.study import load_study

    with told_warnings():
        loaded = load_study(study)
        folder = run_study(loaded, out, k=read_sizes(sizes), candidate=candidate, language=language,
                           formats=read_list(formats), theme=theme, hypotheses=registered(study, loaded), seed=seed)
    _tell(folder)


def _tell(folder: Path) -> None:
    typer.echo((folder / "summary.txt").read_text(encoding="utf-8").rstrip())
    typer.echo(str(folder / "index.html"))


@app.command()
def cards(
    study: StudyFolder,
    out: Annotated[Path, typer.Option(help="The folder to write the cards into.")],
    candidate: Chosen = None,
    language: Language = None,
    formats: Formats = "html,json",
    theme: ThemeName = "colour",
    seed: Seed = 7,
) -> None:
    """Write only the persona cards."""
    _write_part("card", study, out, formats, theme, candidate=candidate, language=language, seed=seed)


@app.command(name="map")
def maps(
    study: StudyFolder,
    out: Annotated[Path, typer.Option(help="The folder to write the maps into.")],
    candidate: Chosen = None,
    language: Language = None,
    formats: Formats = "html,json",
    theme: ThemeName = "colour",
    seed: Seed = 7,
) -> None:
    """Write only the journey maps: everyone's, and one a persona."""
    _write_part("map", study, out, formats, theme, candidate=candidate, language=language, seed=seed)


def _write_part(kind: str, study: Path, out: Path, formats: str, theme: str, **asked: object) -> None:
    from personakit.run import write_part
    from personakit.study import load_study

    with told_warnings():
        loaded = load_study(study)
        written = write_part(loaded, out, kind, formats=read_list(formats), theme=theme,
                             hypotheses=registered(study, loaded), **asked)
    for path in written:
        typer.echo(str(path))


def registered(folder: Path, loaded: Study) -> DataFrame | None:
    """Read the hypotheses that lie beside a study, where there are any."""
    from personakit.monitor import read_hypotheses

    path = folder / "hypotheses.toml"
    return read_hypotheses(path, loaded) if path.exists() else None


@contextmanager
def told_warnings() -> Iterator[None]:
    """Say warnings as one sentence each, without the line of code they come from."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for message in dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, UserWarning)):
        typer.echo(f"personakit: {message}", err=True)


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The study folder of the earlier wave.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="That of the later wave; it may be the same folder.")],
    out: Annotated[Path, typer.Option(help="The folder to write; that of an earlier comparison is replaced at the end.")],
    old_wave: Annotated[str | None, typer.Option(help="The name of a wave, where the old study.toml holds several.")] = None,
    new_wave: Annotated[str | None, typer.Option(help="The name of a wave, where the new study.toml holds several.")] = None,
    sizes: Sizes = "2-8",
    candidate: Chosen = None,
    language: Language = None,
    seed: Seed = 7,
) -> None:
    """Compare two waves: do the personas of the earlier one still hold?"""
    from personakit.run import compare_studies
    from personakit.study import load_study

    folder = compare_studies(load_study(old, wave=old_wave), load_study(new, wave=new_wave), out, k=read_sizes(sizes),
                             candidate=candidate, language=language, seed=seed)
    _tell(folder)


@app.command()
def workshop(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder: one study a group, and the facilitator's.")],
    groups: Annotated[int, typer.Option(help="How many groups, 1 to 20.")] = 5,
    sample: Annotated[str, typer.Option(help="lunettes (logs, answers, interviews) or agence (interviews).")] = "lunettes",
    noise: Annotated[bool, typer.Option(help="Deal one group of three or more a study without personas.")] = True,
    language: Annotated[str, typer.Option(help="fr or en, of the forms and sheets.")] = "fr",
    seed: Seed = 7,
) -> None:
    """Deal the studies of a workshop: each group its own, and a sealed envelope for the facilitator."""
    from personakit.workshop import deal_workshop

    typer.echo(str(deal_workshop(folder, groups=groups, seed=seed, sample=sample, noise=noise, language=language)))


@app.command()
def debrief(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `personakit workshop` wrote.")],
) -> None:
    """Open the envelope: what each group said and drew beside what was planted in its study, with its score."""
    from personakit.workshop import tell_debrief

    typer.echo(tell_debrief(folder))


@app.command()
def assign(
    tool: Annotated[Path, typer.Argument(metavar="TOOL", help="A typing tool: the .json that save_typing_tool wrote.")],
    people: Annotated[Path, typer.Argument(metavar="PEOPLE", help="Answers of new people: CSV or XLSX, one row a person.")],
    out: Annotated[Path, typer.Option(help="The CSV to write: persona, probability, runner-up, or why it cannot be told.")],
    participant_id: Annotated[str | None, typer.Option(help="The column of ids; row where there is none.")] = None,
    language: Annotated[str, typer.Option(help="fr or en, of what is said on the screen.")] = "en",
) -> None:
    """Place new people in the personas of a typing tool, or say that it cannot be told."""
    from personakit.collect import read
    from personakit.collect.reading.options import make_options
    from personakit.schema import PARTICIPANT, PERSONA, check_table
    from personakit.typing_tool import assign_personas, load_typing_tool
    from personakit.wording import say_key

    loaded, unsure = load_typing_tool(tool), say_key("typing.says_cannot_tell", language)
    if not people.is_file():
        raise StudyError(f"{people}: is not a file. Give the answers of new people, as CSV or XLSX.")
    columns = {PARTICIPANT: participant_id} if participant_id else {}
    reading = read(make_options("answers", people, None, {"columns": columns}))
    if PARTICIPANT not in reading.tables["answers"]:
        raise StudyError(f"{people}: no column is called {PARTICIPANT}. Name the column of ids with --participant-id; "
                         f"--participant-id row numbers the rows.")
    placed = assign_personas(loaded, check_table("answers", reading.tables["answers"], where=people.name))
    placed.round(6).to_csv(out, encoding="utf-8", lineterminator="\n")
    for persona, name in loaded.personas.items():
        typer.echo(f"{name}: {int(placed[PERSONA].eq(persona).sum())}")
    typer.echo(f"{unsure}: {int(placed[PERSONA].isna().sum())}")
    typer.echo(str(out))


@app.command()
def sample(
    name: Annotated[str, typer.Argument(help="lunettes, lunettes_later, agence or bruit.")],
    folder: Annotated[Path, typer.Argument(help="The folder to write.")],
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed deals another study of the same kind.")] = None,
    participants: Annotated[int | None, typer.Option(help="Another number of participants.")] = None,
) -> None:
    """Write a simulated study with known truth, to learn on or to teach with."""
    from personakit.samples import make_sample

    typer.echo(str(make_sample(name, folder, seed=seed, participants=participants)))


def read_sizes(text: str) -> tuple[int, ...]:
    """Read ``2-8`` or ``3,4,5`` as numbers of personas.

    Examples
    --------
    >>> read_sizes("2-4"), read_sizes("3,5")
    ((2, 3, 4), (3, 5))
    """
    try:
        low, dash, high = text.partition("-")
        sizes = range(int(low), int(high) + 1) if dash else [int(one) for one in text.split(",")]
    except ValueError:
        raise StudyError(f"--k: {text!r} is not a range. Write 2-8, or 3,4,5.") from None
    if not len(sizes) or min(sizes) < 2:
        raise StudyError(f"--k: {text!r} holds no number of personas from 2 up. Write 2-8, or 3,4,5.")
    return tuple(sizes)


def read_list(text: str) -> tuple[str, ...]:
    """Read words with commas between them."""
    return tuple(one.strip() for one in text.split(",") if one.strip())


def main() -> None:
    """Run the command line; errors that a person can mend are told in one sentence, without a traceback."""
    try:
        app()
    except (StudyError, ChoiceError, TooFewError, OSError) as error:
        typer.echo(f"personakit: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("personakit: stopped; the last finished output is as it was.", err=True)
        sys.exit(130)
