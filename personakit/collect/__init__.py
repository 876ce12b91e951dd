"""Read what people bring: exports of surveys, interviews and logs become canonical tables, every row accounted for."""

from personakit.collect.identity import Identities, apply_identities, stitch_identities
from personakit.collect.interviews.code_tables import read_code_matrix, read_codes
from personakit.collect.interviews.qdpx import read_qdpx
from personakit.collect.interviews.qualcoder import read_qualcoder
from personakit.collect.interviews.taguette import read_taguette
from personakit.collect.interviews.writer import save_qda
from personakit.collect.layouts import LAYOUTS, read
from personakit.collect.logs.audit import audit_events
from personakit.collect.logs.events import read_events, read_xes
from personakit.collect.privacy.identifiers import find_identifiers
from personakit.collect.privacy.pseudonyms import pseudonymise
from personakit.collect.privacy.scrub import Scrubbed, scrub_quotes
from personakit.collect.reading.findings import check_reading
from personakit.collect.reading.options import How, Options
from personakit.collect.surveys.careless import flag_careless
from personakit.collect.surveys.codebook import read_codebook, save_codebook
from personakit.collect.surveys.exports import read_survey
from personakit.collect.surveys.spss import read_spss

__all__ = ["LAYOUTS", "How", "Identities", "Options", "Scrubbed", "apply_identities", "audit_events", "check_reading",
           "find_identifiers", "flag_careless", "pseudonymise", "read", "read_code_matrix", "read_codebook", "read_codes",
           "read_events", "read_qdpx", "read_qualcoder", "read_spss", "read_survey", "read_taguette", "read_xes",
           "save_codebook", "save_qda", "scrub_quotes", "stitch_identities"]
