"""What the tests of exports share: what must hold of a reading, what it says, and cells of SQLite changed at random."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pandas as pd
from hypothesis import strategies as st

from personakit.collect import check_reading
from personakit.readings import Reading

CELL = st.one_of(st.none(), st.integers(-5, 5), st.integers(2**60, 2**62), st.floats(), st.binary(max_size=4), st.text(
    st.characters(codec="utf-8"), max_size=6))
#: changes of cells: table, column, row, value
CHANGES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(1, 4), CELL), min_size=1, max_size=5)


def accounted(reading: Reading) -> Reading:
    """Check what must hold of any reading: the rows, and each quote where it says it stands."""
    report = reading.report
    assert report.rows_in == report.kept + int(report.set_aside["rows"].sum())
    assert len(reading.tables["codes"]) == report.kept
    texts = dict(zip(reading.tables["texts"]["source"], reading.tables["texts"]["text"], strict=True))
    for row in reading.tables["codes"].itertuples():
        if pd.notna(row.start):
            assert texts[row.source][row.start : row.end] == row.quote
    check_reading(reading, language="fr")
    return reading


def notes(reading: Reading) -> dict[str, int]:
    """Count what a reading says of itself, by the key of its sentence without the area."""
    return {note.key.partition(".")[2]: note.values["n"] for note in reading.report.notes}


def made(*scripts: str) -> bytes:
    """Return a SQLite file."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for one in scripts:
            connection.executescript(one)
        return connection.serialize()


def with_changed_cells(script: str, twice: int, changes: list[tuple[int, int, int, object]]) -> bytes:
    """Return the SQLite file of a script, without keys, one of its tables doubled and some cells changed."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script.replace(" primary key", ""))
        tables = [name for (name,) in connection.execute("select name from sqlite_master")]
        for place, other, row, value in changes:
            table = tables[place % len(tables)]
            columns = [one[1] for one in connection.execute(f"pragma table_info({table})")]
            connection.execute(f'update {table} set "{columns[other % len(columns)]}" = ? where rowid = ?', (value, row))
        connection.execute(f"insert into {tables[twice % len(tables)]} select * from {tables[twice % len(tables)]}")
        connection.commit()
        return connection.serialize()
