"""Event logs as small integers: encode once, sort once, then count per person; or ask the engine that holds them.

Any frame that narwhals reads comes in. Up to ``MOST_EVENTS`` events, arrays come out (``EncodedLog``) and everything later
(habits, journeys, tests) is a pass over them or a product with a participants x cells count matrix, so that people are
drawn or shuffled whole. A longer log stays where it lies (``StoredLog``) and the queries bring the same counts.
"""

from personakit.eventlog.counts import (
    DAY_US,
    MINUTE_US,
    count_by_person,
    count_cells,
    keep_rows,
    person_of,
    recode,
    sessionise,
    steps,
    transition_counts,
    with_codes,
)
from personakit.eventlog.encoding import encode_events

__all__ = ["DAY_US", "MINUTE_US", "count_by_person", "count_cells", "encode_events", "keep_rows", "person_of", "recode",
           "sessionise", "steps", "transition_counts", "with_codes"]
