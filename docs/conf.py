"""The site: ``make docs`` builds it offline; warnings are errors."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import personakit  # noqa: E402

project, author, language = "personakit", "The personakit authors", "en"
version = release = personakit.__version__
extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc"]
html_theme = "pydata_sphinx_theme"
html_title = "personakit"
html_show_sourcelink = html_copy_source = False
html_theme_options = {"navigation_with_keys": False, "show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
exclude_patterns = ["_build"]
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_typehints = "none"
add_module_names = False
#: pages written at each build; git does not hold them
MADE = HERE / "made"
#: where a public name lives -> the title of its page
AREAS = {
    "errors": "Errors", "readings": "Readings", "records": "Records", "documents": "Cards and maps as records",
    "collect": "Collect", "study": "Study", "answers": "Answers", "coding": "Coding", "behaviour": "Behaviour",
    "features": "Features", "candidates": "Candidates", "personas": "Personas", "evidence": "Evidence",
    "typing_tool": "Typing tool", "journeys": "Journeys", "monitor": "Monitor", "content": "Content", "cards": "Cards",
    "maps": "Maps", "export": "Export", "plots": "Plots", "run": "Run",
}


def write_api() -> None:
    """Write a page for each area of public names."""
    names: dict[str, list[str]] = {}
    for name, home in personakit._HOMES.items():
        names.setdefault(home, []).append(name)
    lines = ["API", "===", "", "Every public name, by the stage that it belongs to.", "", ".. toctree::", "   :maxdepth: 1",
             ""]
    for home, own in names.items():
        title = AREAS.get(home, home)
        page = [title, "=" * len(title), "", f".. currentmodule:: personakit.{home}", ""]
        for name in own:
            kind = "autoclass" if name[0].isupper() else "autofunction"
            page += [f".. {kind}:: personakit.{home}.{name}", ""]
        put(MADE / "api" / f"{home}.rst", "\n".join(page))
        lines.append(f"   {home}")
    put(MADE / "api" / "index.rst", "\n".join([*lines, ""]))


def write_glossary() -> None:
    """Write the vocabulary in both languages, from the words that the kit itself uses."""
    words = tomllib.loads((ROOT / "personakit" / "strings" / "words.toml").read_text(encoding="utf-8"))
    rows = sorted((entry["en"], entry["fr"], word) for word, entry in words.items() if "en" in entry and "fr" in entry)
    table = ["| English | French | in the tables |", "|---|---|---|"]
    table += [f"| {en} | {fr} | `{word}` |" for en, fr, word in rows]
    text = (HERE / "glossary.txt").read_text(encoding="utf-8")
    put(MADE / "glossary.md", text + "\n" + "\n".join(table) + "\n")


def copy_notebooks() -> None:
    """Copy the notebooks with their stored outputs; they are not run here."""
    shutil.rmtree(MADE / "notebooks", ignore_errors=True)
    (MADE / "notebooks").mkdir(parents=True, exist_ok=True)
    paths = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    for path in paths:
        shutil.copy(path, MADE / "notebooks" / path.name)
    toc = "\n".join(path.stem for path in paths)
    put(MADE / "notebooks" / "index.md", f"# Notebooks\n\nEach takes one stage; all run on simulated studies.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{toc}\n```\n")


def write_tables() -> None:
    """Write the committed results of simulations and benchmarks as one page."""
    import pandas as pd

    parts = ["# Simulations and benchmarks\n\nThe last committed results. `make simulations` and `make bench` write them "
             "again.\n"]
    for path in sorted((ROOT / "benchmarks").glob("*.csv")):
        table = pd.read_csv(path)
        head = "| " + " | ".join(table.columns) + " |\n|" + "---|" * table.shape[1]
        rows = ["| " + " | ".join("" if pd.isna(one) else str(one).replace("|", "/") for one in row) + " |"
                for row in table.itertuples(index=False)]
        parts.append(f"## {path.stem}\n\n{head}\n" + "\n".join(rows) + "\n")
    put(MADE / "results.md", "\n".join(parts))


def put(path: Path, text: str) -> None:
    """Write a page only where it has changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


write_api()
write_glossary()
copy_notebooks()
write_tables()
