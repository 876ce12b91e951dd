"""What makes a log real: tied times, rows written twice, bots, and ids that nobody knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from personakit.samples.recipes import Recipe

BOT_ROWS, BOT_GAP_S = 180, 0.4
UNKNOWN_ROWS = 4


def soil(recipe: Recipe, log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the log with mess in it, in time order, with ``order`` within one time and the ``reason`` of dirty rows.

    ``person`` is -1, -2, ... for bots and n, n + 1, ... for ids that are in no other table.
    """
    log = log.assign(reason="", second=log["second"].astype(float))
    log = _tie(recipe, log, rng)
    copies = log.iloc[np.sort(rng.choice(len(log), round(recipe.duplicates * len(log)), replace=False))]
    strangers = _strangers(recipe, log, rng)
    dirty = pd.concat([log, copies.assign(reason="duplicate"), strangers, *_bots(recipe, log, rng)], ignore_index=True)
    dirty = dirty.sort_values("second", kind="stable").reset_index(drop=True)
    dirty["order"] = dirty.groupby(["person", "second"]).cumcount()
    return dirty


def _tie(recipe: Recipe, log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    second, person = log["second"].to_numpy().copy(), log["person"].to_numpy()
    near = (np.diff(second, prepend=-1e9) < 60) & (log["event"] != log["event"].shift()).to_numpy()
    tied = near & (np.diff(person, prepend=-1) == 0) & (rng.random(len(log)) < recipe.ties)
    # a tie is two different events, no more: two equal rows would be a duplicate
    tied[1:] &= ~tied[:-1]
    second[tied] = second[np.flatnonzero(tied) - 1]
    return log.assign(second=second)


def _strangers(recipe: Recipe, log: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = log.iloc[rng.choice(len(log), recipe.unknown * UNKNOWN_ROWS, replace=False)]
    ids = recipe.people + np.repeat(np.arange(recipe.unknown), UNKNOWN_ROWS)
    return rows.assign(person=ids, reason="unknown")


def _bots(recipe: Recipe, log: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    bots = []
    pages = log.loc[log["channel"] == "web", "event"].drop_duplicates().to_numpy()[:4]
    for number in range(recipe.bots):
        rows = BOT_ROWS + int(rng.integers(0, 60))
        begins = float(rng.integers(10, recipe.days - 10)) * 86_400 + float(rng.integers(9, 20)) * 3_600
        bots.append(pd.DataFrame({
            "person": -1 - number, "second": begins + BOT_GAP_S * np.arange(rows), "event": pages[np.arange(rows) % 4],
            "channel": "web", "device": log["device"][log["device"] != ""].iloc[0], "content": "", "value": np.nan,
            "reason": "bot"}))
    return bots
