"""Read what people bring: exports of surveys, interviews and logs become canonical tables, every row accounted for."""

from personakit.collect.audit import audit_events
from personakit.collect.careless import flag_careless
from personakit.collect.code_tables import read_code_matrix, read_codes
from personakit.collect.codebook import read_codebook, save_codebook
from personakit.collect.findings import check_reading
from personakit.collect.identifiers import find_identifiers
from personakit.collect.identity import apply_identities, stitch_identities
from personakit.collect.layouts import LAYOUTS, read
from personakit.collect.logs import read_events, read_xes
from personakit.collect.options import How, Options
from personakit.collect.pseudonyms import pseudonymise
from personakit.collect.qda_writer import save_qda
from personakit.collect.qdpx import read_qdpx
from personakit.collect.qualcoder import read_qualcoder
from personakit.collect.scrub import scrub_quotes
from personakit.collect.spss import read_spss
from personakit.collect.surveys import read_survey
from personakit.collect.taguette import read_taguette

__all__ = ["LAYOUTS", "How", "Options", "apply_identities", "audit_events", "check_reading", "find_identifiers",
           "flag_careless", "pseudonymise", "read", "read_code_matrix", "read_codebook", "read_codes", "read_events",
           "read_qdpx", "read_qualcoder", "read_spss", "read_survey", "read_taguette", "read_xes", "save_codebook",
           "save_qda", "scrub_quotes", "stitch_identities"]
