"""Draw the pictures of the README again: a card and a map of lunettes, as they are printed. ``make pictures``."""

from __future__ import annotations

from pathlib import Path

import personakit as pk
from personakit.export.formats import pages_of
from personakit.export.pages.pdf import pdf, pictures
from personakit.export.pages.printed import printed
from personakit.export.theme import PLAIN
from personakit.run import analyse_study, draw_cards, draw_maps

FOLDER = Path(__file__).parent / "pictures"
#: dots an inch: readable in a README, and under 300 kB
DPI = {"card": 110, "map": 74}


def main() -> None:
    """Write docs/pictures/card.png and map.png."""
    FOLDER.mkdir(exist_ok=True)
    analysis = analyse_study(pk.load_sample("lunettes"), language="en", seed=7)
    card, journey = draw_cards(analysis)[0], draw_maps(analysis)[1]
    for name, document in (("card", card), ("map", journey)):
        made = pictures(pdf(printed(pages_of(document, PLAIN), PLAIN, "en")), DPI[name])
        (FOLDER / f"{name}.png").write_bytes(made[0])


if __name__ == "__main__":
    main()
