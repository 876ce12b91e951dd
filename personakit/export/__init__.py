"""What leaves the room: cards, maps, the report, tables and the manifest, written as files."""

from __future__ import annotations

from personakit.export.answer import Spoken, five_lines
from personakit.export.as_json import load_document
from personakit.export.cards import save_cards
from personakit.export.folder import check_replaceable, finished_folder, save_manifest
from personakit.export.formats import FORMATS, formats_of
from personakit.export.maps import save_map
from personakit.export.render import check_formats
from personakit.export.report import save_report
from personakit.export.slides.edits import read_card_edits
from personakit.export.tables import map_name, publishable_tables, save_tables
from personakit.export.theme import Theme, find_theme
from personakit.export.waves import save_comparison, wave_tables

__all__ = ["FORMATS", "Spoken", "Theme", "check_formats", "check_replaceable", "find_theme", "finished_folder",
           "five_lines", "formats_of", "load_document", "map_name", "publishable_tables", "read_card_edits",
           "save_cards", "save_comparison", "save_manifest", "save_map", "save_report", "save_tables", "wave_tables"]
