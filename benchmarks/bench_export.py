"""Seconds of processor to write cards and maps, by format: all of lunettes, and 40 personas (export.csv)."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

import personakit as pk
from personakit.export import FORMATS, formats_of, map_name
from personakit.run import analyse_study, draw_cards, draw_maps

TABLE = Path(__file__).with_name("export.csv")


def timed(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def main():
    analysis = analyse_study(pk.load_sample("lunettes"), language="fr", seed=7)
    cards, maps = draw_cards(analysis), draw_maps(analysis)
    many = [
        replace(cards[at % len(cards)], persona=f"P{at + 1}", title=f"{cards[at % len(cards)].title} {at + 1}")
        for at in range(40)
    ]
    rows = []
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        for name in FORMATS:
            seconds = {"cards": 0.0, "maps": 0.0, "forty_cards": 0.0}
            if name in formats_of("card"):
                seconds["cards"] = timed(lambda name=name: pk.save_cards(cards, folder / "few", formats=[name]))
            seconds["maps"] = timed(
                lambda name=name: [pk.save_map(one, folder / map_name(one), formats=[name]) for one in maps]
            )
            if name in formats_of("card"):
                seconds["forty_cards"] = timed(lambda name=name: pk.save_cards(many, folder / "many", formats=[name]))
            rows.append({"format": name, **{one: round(value, 2) for one, value in seconds.items()}})
    table = pd.DataFrame(rows).set_index("format")
    table.loc["all"] = table.sum()
    table.round(2).to_csv(TABLE, lineterminator="\n")
    print(table.round(2).to_string())


if __name__ == "__main__":
    main()
