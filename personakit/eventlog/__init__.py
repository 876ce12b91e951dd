"""Event logs as small integers: encode once, sort once, then count per person; or ask the engine that holds them.

Any frame that narwhals reads comes in. Up to 10^8 events (``stored.MOST_EVENTS``), arrays come out (``EncodedLog``) and
everything later (habits, journeys, tests) is a pass over them or a product with a participants x cells count matrix, so
that people are drawn or shuffled whole. A longer log stays where it lies (``StoredLog``) and the queries bring the same
counts.
"""

from personakit.eventlog.clock import DAY_US, HOUR_US, MINUTE_US, offsets_between
from personakit.eventlog.counts import (
    count_blocks,
    count_by_person,
    count_cells,
    days_within,
    keep_rows,
    known_blocks,
    person_blocks,
    person_of,
    recode,
    sessionise,
    steps,
    transition_counts,
    with_codes,
)
from personakit.eventlog.encoding import distinct, encode_events, runs_of, sort_within
from personakit.eventlog.engines import arrays_of, count_rows
from personakit.eventlog.stored import cells_of, numbered, placed, stays_stored, store_events
from personakit.records import StoredLog

__all__ = ["DAY_US", "HOUR_US", "MINUTE_US", "StoredLog", "arrays_of", "cells_of", "count_blocks", "count_by_person",
           "count_cells", "count_rows", "days_within", "distinct", "encode_events", "keep_rows", "known_blocks",
           "numbered", "offsets_between", "person_blocks", "person_of", "placed", "recode", "runs_of", "sessionise",
           "sort_within", "stays_stored", "steps", "store_events", "transition_counts", "with_codes"]
